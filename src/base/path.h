/* base/path.h - parts of file names. */
#ifndef SMAC_BASE_PATH_H
#define SMAC_BASE_PATH_H

char *path_join(const char *folder, const char *name); /* free(); NULL when memory is short */
const char *path_base(const char *path);               /* what follows the last slash, in place */

#endif
