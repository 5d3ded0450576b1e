/* The shared library is the modules of src/ together; this file gives it a translation unit of its own. */
#include "semanticmac/error.h"
