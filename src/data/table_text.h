/*
 * data/table_text.h - a table as people save it: with commas, semicolons, tabs or bars between the cells, in UTF-8 or
 * UTF-16.  Which one it is, is found out from the file and said in a note where it is not the usual.
 */
#ifndef SMAC_DATA_TABLE_TEXT_H
#define SMAC_DATA_TABLE_TEXT_H

#include "base/csv.h"
#include "base/log.h"

/*
 * As csv_read.  The separator is the one of , ; tab | that the first line has most of.  A table in another encoding than
 * UTF-8 and UTF-16 is refused with a guess which one it is (GBK, Windows-1252); single malformed lines are left as they
 * are.  Lines may end with CR, LF or both.
 */
smac_status table_read(const char *path, const reporter *r, csv_table *out, smac_error *error);

#endif
