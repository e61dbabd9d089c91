#pragma once

#include <cstdlib>

#include "terse/relsim/kb/knowledge_base.hpp"

namespace terse::fuzz {

/// Ends the program unless every fact names entities and relations that exist.
inline void check_facts(const relsim::KnowledgeBase& kb) {
  for (const relsim::Triple& fact : kb.triples) {
    for (const auto entity : {fact.head, fact.tail}) {
      if (entity < 0 || entity >= kb.entities.size()) std::abort();
    }
    if (fact.relation < 0 || fact.relation >= kb.relations.size()) std::abort();
  }
}

}  // namespace terse::fuzz
