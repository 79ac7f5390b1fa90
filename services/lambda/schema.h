/* The tables of this service's parts. */
#pragma once

extern const char *const function_schema; /* function.c */
extern const char *const mapping_schema;  /* mapping.c */
