/* Where the journal's numbers begin. Rows of a durable store name records as their causes; records do not outlive the process, but their numbers
 * must not come again for something else. So numbers are reserved in blocks, in a row, and a start begins behind the last block. Only for files of this folder. */
#pragma once

extern const char *const journal_numbers_schema[];
extern const int journal_numbers_schema_count;
/* Empties the journal. After the store was opened or reset. */
void journal_numbers_start(void);
