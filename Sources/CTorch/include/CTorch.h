// SPDX-License-Identifier: Apache-2.0
// The C face of libtorch: everything Swift may call, and nothing of C++.
//
// Conventions. Every function returns a status: CT_OK, CT_ERROR, or CT_OUT_OF_MEMORY; after anything but CT_OK
// `ct_last_error` gives the thread's message. Results go through out-parameters and are owned by the caller, who
// gives them back with `ct_tensor_free` (or `ct_generator_free`); arguments are borrowed. C++ exceptions never cross.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor_handle *ct_tensor;
typedef struct ct_generator_handle *ct_generator;
typedef int ct_status;

enum { CT_OK = 0, CT_ERROR = 1, CT_OUT_OF_MEMORY = 2 };
enum {
  CT_FLOAT32 = 0, CT_FLOAT64 = 1, CT_BFLOAT16 = 2, CT_FLOAT16 = 3, CT_INT64 = 4, CT_INT32 = 5,
  CT_INT16 = 6, CT_INT8 = 7, CT_UINT8 = 8, CT_BOOL = 9
};
enum { CT_CPU = 0, CT_CUDA = 1, CT_MPS = 2 };

// A tensor that may be absent.
typedef ct_tensor ct_optional_tensor;

#include "CTorchSystem.h"
#include "CTorchTensor.h"
#include "CTorchMath.h"
#include "CTorchShape.h"
#include "CTorchNeural.h"
#include "CTorchCache.h"
#include "CTorchSampling.h"
#include "CTorchAutograd.h"
#include "CTorchRandom.h"
#include "CTorchOptimizers.h"
#include "CTorchQuantization.h"

#ifdef __cplusplus
}
#endif

#endif
