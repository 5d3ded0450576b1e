/* tests/support/check.h - cmocka with its includes in the right order, and checks that read well. */
#ifndef SMAC_TESTS_SUPPORT_CHECK_H
#define SMAC_TESTS_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_ok(call)                                      \
    do {                                                     \
        smac_error check_error_ = {0};                       \
        smac_error *error = &check_error_;                   \
        (void)error;                                         \
        if ((call) != 0)                                     \
            fail_msg("%s: %s", #call, check_error_.message); \
    } while (0)

#define assert_near(a, b, tolerance)                                                                           \
    do {                                                                                                       \
        double check_a_ = (a), check_b_ = (b);                                                                 \
        if (!(fabs(check_a_ - check_b_) <= (tolerance)))                                                       \
            fail_msg("%s is %.9g, expected %.9g (tolerance %g)", #a, check_a_, check_b_, (double)(tolerance)); \
    } while (0)

#endif
