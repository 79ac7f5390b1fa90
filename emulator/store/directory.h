/* The store's directory: the user's, or a temporary one of our own. An flock says that its owner lives: a start removes the temporary directories of
 * dead ones. store_directory() gives its path. Only for files of this folder. */
#pragma once

enum { DIRECTORY_PATH = 512 };

/* NULL: a temporary one, removed by directory_close(). -EBUSY: another lowcloud lives in it. */
int directory_open(const char *wanted);
void directory_close(void);
