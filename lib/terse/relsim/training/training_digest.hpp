#pragma once

#include <span>
#include <string>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::relsim {

/// A hash of what a run learns from: a resumed run refuses other data.
std::string training_digest(std::span<const Triple> train, std::span<const Triple> held_out,
                            std::span<const double> divergences = {});

}  // namespace terse::relsim
