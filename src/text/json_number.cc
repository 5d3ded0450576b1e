/* text/json_number.cc - C++ for its shortest decimal texts, which C does not have. */
#include "text/json_number.h"

#include <charconv>
#include <cmath>
#include <cstdint>

double json_number_as_serde(double value)
{
    char text[64];
    if (!std::isfinite(value) || value == 0)
        return value;
    auto written = std::to_chars(text, text + sizeof text, std::fabs(value), std::chars_format::scientific);
    uint64_t digits = 0;
    int exponent = 0, places = 0;
    const char *at = text;
    for (; at < written.ptr && *at != 'e'; at++) { /* at most 17 digits */
        if (*at == '.')
            continue;
        digits = digits * 10 + static_cast<uint64_t>(*at - '0');
        places++;
    }
    if (at + 1 < written.ptr)
        std::from_chars(at + 1 + (at[1] == '+'), written.ptr, exponent);
    exponent -= places - 1;
    double result = static_cast<double>(digits);
    if (exponent < -308) {
        result /= 1e308;
        exponent += 308;
    }
    char power_text[16] = "1e";
    auto power_end = std::to_chars(power_text + 2, power_text + sizeof power_text, std::abs(exponent));
    double power = 1;
    std::from_chars(power_text, power_end.ptr, power);
    result = exponent < 0 ? result / power : result * power;
    return value < 0 ? -result : result;
}
