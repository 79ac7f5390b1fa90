/* The tables of this service's parts. */
#pragma once

extern const char function_schema[]; /* function.c */
extern const char mapping_schema[];  /* mapping.c */
