/* analyze/model.h - the public smac_model from the inside. */
#ifndef SMAC_ANALYZE_MODEL_H
#define SMAC_ANALYZE_MODEL_H

#include "analyze/tasks.h"
#include "pipeline/affect_model.h"
#include "semanticmac/semanticmac.h"

struct smac_model {
    affect_model *affect;
    public_tasks tasks;
};

#endif
