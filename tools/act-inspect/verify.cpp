#include "act-inspect/dump_content.hpp"
#include "act-inspect/input.hpp"
#include "act-inspect/modes.hpp"
#include "terse/formats/kinds/checkpoint.hpp"
#include "terse/formats/kinds/clusters.hpp"
#include "terse/formats/kinds/dump.hpp"
#include "terse/formats/kinds/facts.hpp"
#include "terse/formats/kinds/model.hpp"
#include "terse/formats/kinds/policy.hpp"
#include "terse/formats/kinds/profile.hpp"
#include "terse/formats/kinds/similarity.hpp"

namespace terse::tools::act_inspect {
namespace {

// Front to back, and every stored tensor restored.
void check_dump(Input& input) {
  formats::DumpReader reader(borrow(*input.source));
  while (const auto entry = reader.next()) (void)restore(*entry, reader.payload(), reader.metadata());
}

// The readers of the kinds go front to back as well and check what their kind promises.
void check_kind(Input& input) {
  auto source = borrow(*input.source);
  switch (input.header.kind) {
    case formats::Kind::Profile:
      (void)formats::read_profile(std::move(source));
      break;
    case formats::Kind::Model:
      (void)formats::read_model(std::move(source));
      break;
    case formats::Kind::Checkpoint:
      (void)formats::read_checkpoint(std::move(source));
      break;
    case formats::Kind::Dump:
      check_dump(input);
      break;
    case formats::Kind::Facts:
      (void)formats::read_facts(std::move(source));
      break;
    case formats::Kind::Similarity:
      (void)formats::read_similarity(std::move(source));
      break;
    case formats::Kind::Clusters:
      (void)formats::read_clusters(std::move(source));
      break;
    case formats::Kind::Policy:
      (void)formats::read_policy(std::move(source));
      break;
  }
}

}  // namespace

int verify(const Options& options) {
  Input input = open_input(options.input);
  check_kind(input);
  if (input.seekable) {
    // The road by the index must hold, too.
    formats::ArtifactReader reader(borrow(*input.source));
    reader.index();
  }
  return 0;
}

}  // namespace terse::tools::act_inspect
