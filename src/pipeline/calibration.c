/* pipeline/calibration.c - temperatures by task and set of modalities: names, JSON, and what stands in for unknown ones. */
#include "pipeline/calibration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int modality_set(const bool present[MODALITIES])
{
    int set = 0;
    for (int m = 0; m < MODALITIES; m++)
        set |= present[m] << m;
    return set;
}

void modality_set_name(int set, char out[32])
{
    size_t used = 0;
    out[0] = 0;
    for (int m = 0; m < MODALITIES; m++)
        if (set >> m & 1)
            used += (size_t)snprintf(out + used, 32 - used, "%s%s", used ? "+" : "", modality_name((modality)m));
}

float calibration_temperature(const task_calibration *c, int set)
{
    double sum = 0;
    int count = 0;
    if (c->prediction[set] > 0)
        return c->prediction[set];
    for (int part = 1; part < MODALITY_SETS; part++)
        if ((part & set) == part && c->prediction[part] > 0) {
            sum += log((double)c->prediction[part]);
            count++;
        }
    return count ? (float)exp(sum / count) : 1;
}

bool calibration_is_known(const task_calibration *c)
{
    for (int set = 0; set < MODALITY_SETS; set++)
        if (c->prediction[set] > 0)
            return true;
    return false;
}

float calibration_head_temperature(const task_calibration *c, int head)
{
    return c->heads[head] > 0 ? c->heads[head] : 1;
}

json_t *calibration_to_json(const task_calibration *all, const task_description *tasks, int task_count)
{
    json_t *o = json_object();
    for (int k = 0; k < task_count; k++) {
        json_t *prediction = json_object(), *heads = json_object();
        char name[32];
        for (int set = 1; set < MODALITY_SETS; set++) {
            modality_set_name(set, name);
            if (all[k].prediction[set] > 0)
                json_object_set_new(prediction, name, json_real((double)all[k].prediction[set]));
        }
        for (int head = 0; head < MODALITIES_AND_SHARED; head++)
            if (all[k].heads[head] > 0)
                json_object_set_new(heads, modality_name((modality)head), json_real((double)all[k].heads[head]));
        json_t *one = json_pack("{s:o, s:o}", "prediction", prediction, "heads", heads);
        if (json_object_size(prediction) || json_object_size(heads))
            json_object_set(o, tasks[k].name, one);
        json_decref(one);
    }
    if (json_object_size(o))
        return o;
    json_decref(o);
    return NULL;
}

/* "text+audio" as a set; -1: it is none. */
static int set_from_name(const char *name)
{
    char known[32];
    for (int set = 1; set < MODALITY_SETS; set++) {
        modality_set_name(set, known);
        if (strcmp(known, name) == 0)
            return set;
    }
    return -1;
}

static int head_from_name(const char *name)
{
    for (int head = 0; head < MODALITIES_AND_SHARED; head++)
        if (strcmp(modality_name((modality)head), name) == 0)
            return head;
    return -1;
}

static smac_status read_temperatures(
    const json_t *o, int (*index_of)(const char *), float *out, const char *what, smac_error *error)
{
    const char *name;
    json_t *value;
    if (o && !json_is_object(o))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is not a JSON object", what);
    json_object_foreach((json_t *)(uintptr_t)o, name, value)
    {
        int index = index_of(name);
        double temperature = json_number_value(value);
        if (index < 0 || !(temperature >= 0.01 && temperature <= 100))
            return FAIL(error, SMAC_ERROR_FORMAT,
                "%s has \"%.60s\" of %g; expected modalities and temperatures from 0.01 to 100", what, name,
                temperature);
        out[index] = (float)temperature;
    }
    return SMAC_OK;
}

smac_status calibration_from_json(
    const json_t *o, const task_description *tasks, int task_count, task_calibration *all, smac_error *error)
{
    const char *name;
    json_t *value;
    if (!json_is_object(o))
        return FAIL(error, SMAC_ERROR_FORMAT, "the calibration is not a JSON object");
    json_object_foreach((json_t *)(uintptr_t)o, name, value)
    {
        int task = 0;
        while (task < task_count && strcmp(tasks[task].name, name) != 0)
            task++;
        if (task == task_count)
            return FAIL(
                error, SMAC_ERROR_FORMAT, "the calibration is of the task \"%.60s\", which the model lacks", name);
        TRY(read_temperatures(json_object_get(value, "prediction"), set_from_name, all[task].prediction,
            "the calibration of predictions", error));
        TRY(read_temperatures(
            json_object_get(value, "heads"), head_from_name, all[task].heads, "the calibration of heads", error));
    }
    return SMAC_OK;
}
