/* text/json_number.h - numbers as serde_json reads them. */
#ifndef SMAC_TEXT_JSON_NUMBER_H
#define SMAC_TEXT_JSON_NUMBER_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The double that serde_json (used by the tokenizers package without its float_roundtrip feature) reads from the
 * shortest decimal text of value: all digits as one integer, rounded to double, then multiplied or divided by a power
 * of ten.  A fifth of all scores differ from the exact value by one unit in the last place, which decides between
 * segmentations that are otherwise equal.
 */
double json_number_as_serde(double value);

#ifdef __cplusplus
}
#endif
#endif
