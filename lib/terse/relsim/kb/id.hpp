#pragma once

#include <cstddef>
#include <cstdint>

namespace terse::relsim {

/// An id (of an entity, a relation, a phrase: 0, 1, 2 …) as an index.
inline std::size_t at(std::int32_t id) { return static_cast<std::size_t>(id); }

}  // namespace terse::relsim
