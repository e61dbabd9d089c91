#pragma once

#include "terse/formats/clusters.hpp"
#include "terse/relsim/redundancy/phrase_kinds.hpp"

namespace terse::tools {

/// Words each merge's reason: the parts of the likeness of what it joins, largest first, in percent of it. Its confidence
/// is the likeness, which is no chance of being right: nothing here tells how often people would agree.
void give_reasons(formats::Clusters& clusters, const relsim::PhraseKinds& kinds);

}  // namespace terse::tools
