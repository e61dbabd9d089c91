#pragma once

#include "terse/train/data/data.hpp"

namespace terse::train {

/// The same data with the elements of images, [n, c, h, w], in the order n, h, w, c (at::MemoryFormat::ChannelsLast).
/// Convolutions then neither reorder what they get nor what they give, so that a step needs less memory beside what it
/// saves.
/// @throws Error::Usage where the examples are no images
void put_channels_last(Data& data);

}  // namespace terse::train
