#include "terse/relsim/linkage/rewrite.hpp"

#include "terse/core/error.hpp"
#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

formats::Clusters parents_and_children() {
  formats::Clusters clusters;
  clusters.relations = {"parent_of", "child_of", "begat", "likes"};
  clusters.cluster = {0, 0, 0, 1};
  clusters.swapped = {0, 1, 0, 0};
  clusters.representatives = {0, 3};
  return clusters;
}

std::string rewrite(const std::string& text, RewriteCounts& counts, bool keep_repeated = false) {
  core::TsvReader reader(core::memory_source(core::as_bytes(text.data(), text.size()), "t.tsv"));
  core::Bytes out;
  const auto sink = core::memory_sink(out);
  const auto clusters = parents_and_children();
  TripleRewriter rewriter(clusters, *sink, keep_repeated);
  rewriter.rewrite(reader);
  sink->finish();
  counts = rewriter.counts();
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

TEST_CASE("triples are renamed, turned round and written once", "[redundancy]") {
  const std::string text =
      "a\tparent_of\tb\nb\tchild_of\ta\nc\tchild_of\ta\t0.9\nd\tbegat\te\na\tlikes\tb\na\tother\tb\n";
  RewriteCounts counts;
  CHECK(rewrite(text, counts) == "a\tparent_of\tb\na\tparent_of\tc\t0.9\nd\tparent_of\te\na\tlikes\tb\na\tother\tb\n");
  CHECK(counts.facts == 6);
  CHECK(counts.renamed == 3);
  CHECK(counts.turned == 2);
  CHECK(counts.repeated == 1);
  CHECK(counts.unknown == 1);
  CHECK(rewrite(text, counts, true).starts_with("a\tparent_of\tb\na\tparent_of\tb\n"));
  CHECK(counts.repeated == 0);
}

TEST_CASE("a line that is no triple is refused", "[redundancy]") {
  RewriteCounts counts;
  try {
    rewrite("a\tlikes\tb\nx\n", counts);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).starts_with("t.tsv:2: "));
  }
  CHECK_THROWS_AS(rewrite("a\tlikes\t\n", counts), Error);
}

}  // namespace
}  // namespace terse::relsim
