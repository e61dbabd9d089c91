#pragma once

// The one header that brings LibTorch in: precompiled once, reused by every target that calls terse_use_torch().
#include <torch/torch.h>
