/* train/optimiser.c - AdamW over the trainable block, and the schedule of the rates. */
#include "train/optimiser.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "compute/kernels.h"

optimiser_options optimiser_options_from(const train_settings *train)
{
    return (optimiser_options){
        train->rate, train->encoder_rate, train->beta1, train->beta2, train->epsilon, train->weight_decay, train->clip};
}

smac_status optimiser_new(parameter_store *store, const optimiser_options *options, optimiser **out, smac_error *error)
{
    optimiser *o = memory_new(1, sizeof *o);
    if (!o)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the optimiser");
    o->options = *options;
    o->store = store;
    o->count = parameter_trainable_count(store);
    o->first = parameter_block_new(store);
    o->second = parameter_block_new(store);
    if (!o->first || !o->second) {
        optimiser_free(o);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the optimiser's moments of %lld values",
            (long long)parameter_trainable_count(store));
    }
    *out = o;
    return SMAC_OK;
}

void optimiser_free(optimiser *o)
{
    if (!o)
        return;
    parameter_block_free(o->store, o->first);
    parameter_block_free(o->store, o->second);
    free(o);
}

double gradient_norm(const parameter_store *store)
{
    return sqrt(parameter_gradient_squares(store));
}

/* Which parameter's gradient is not finite, for the message. */
static const char *culprit(const parameter_store *store)
{
    for (int64_t i = 0; i < parameter_number(store); i++) {
        const parameter *p = parameter_at(store, i);
        if (p->trainable && !parameter_gradient_is_finite(p))
            return p->name;
    }
    return "none alone: their squares overflow together";
}

smac_status optimiser_step(optimiser *o, double factor, double *norm_out, smac_error *error)
{
    const optimiser_options *c = &o->options;
    double norm = gradient_norm(o->store);
    if (norm_out)
        *norm_out = norm;
    if (!isfinite(norm))
        return FAIL(error, SMAC_ERROR_NUMERIC,
            "the gradient of %s is not finite at step %lld; lower train.rate, or set "
            "train.check_finite=true to see which operation it comes from",
            culprit(o->store), (long long)o->step + 1);
    o->step++;
    /* the corrections are those of the betas as rounded to float32, so that the moments stay unbiased */
    adamw_step s = {.beta1 = (float)c->beta1,
        .beta2 = (float)c->beta2,
        .epsilon = (float)c->epsilon,
        .first_correction = 1 - pow((float)c->beta1, (double)o->step),
        .second_correction = 1 - pow((float)c->beta2, (double)o->step),
        .gradient_scale = c->clip > 0 && norm > c->clip ? (float)(c->clip / (norm + 1e-6)) : 1.0f};
    for (int64_t i = 0; i < parameter_number(o->store); i++) {
        parameter *p = parameter_at(o->store, i);
        if (!p->trainable)
            continue;
        double rate = (p->pretrained ? c->encoder_rate : c->rate) * factor;
        s.rate = (float)(rate * (double)p->rate_scale);
        s.weight_decay = p->decay ? (float)c->weight_decay : 0;
        TRY(parameter_adamw(o->store, p, o->first, o->second, &s, error));
    }
    parameter_touch_all(o->store);
    return SMAC_OK;
}

double schedule_factor(schedule_kind kind, double warmup, int64_t step, int64_t total)
{
    double warm = warmup * (double)total, at = (double)step;
    if (at + 1 < warm)
        return (at + 1) / warm;
    if (kind == SCHEDULE_CONSTANT || total <= 0)
        return 1;
    double rest = (double)total - warm, left = rest > 0 ? ((double)total - at) / rest : 0;
    left = left < 0 ? 0 : left > 1 ? 1 : left;
    return kind == SCHEDULE_LINEAR ? left : 0.5 * (1 - cos(3.14159265358979323846 * left));
}
