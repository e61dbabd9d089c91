#include "terse/learn/run_identity.hpp"

#include <functional>
#include <string_view>

#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::learn {
namespace {

using formats::Value;

formats::CheckpointInfo some_run() {
  formats::CheckpointInfo info;
  info.model = "mlp:hidden=8";
  info.data = "random:4";
  info.data_digest = "0123";
  info.optimizer = "adam";
  info.scheduler = "constant";
  info.options = Value::Map{{"batch", 4}, {"lr", 0.5}};
  return info;
}

TEST_CASE("a run is the same however far it has come") {
  auto later = some_run();
  later.step = 9;
  later.epoch = 3;
  later.metrics = Value::Map{{"loss", 1.5}};
  CHECK_NOTHROW(expect_same_run(later, 7, some_run(), 7, "state"));
}

TEST_CASE("another run's checkpoint is refused with both values") {
  const auto refused = [](const std::string& message, std::uint64_t seed,
                          const std::function<void(formats::CheckpointInfo&)>& change) {
    auto present = some_run();
    change(present);
    CHECK(test::throws(Error::Usage, message, [&] { expect_same_run(some_run(), 7, present, seed, "state"); }));
  };
  refused("state: was saved with model mlp:hidden=8, this run has vit", 7,
          [](formats::CheckpointInfo& run) { run.model = "vit"; });
  refused("was saved with seed 7, this run has 8", 8, [](formats::CheckpointInfo&) {});
  refused("was saved with content of the data 0123, this run has 4", 7,
          [](formats::CheckpointInfo& run) { run.data_digest = "4"; });
  refused("was saved with optimizer adam, this run has sgd", 7,
          [](formats::CheckpointInfo& run) { run.optimizer = "sgd"; });
  refused("was saved with batch 4, this run has 2", 7, [](formats::CheckpointInfo& run) { run.options["batch"] = 2; });
  refused("was saved with momentum unset, this run has 0.9", 7,
          [](formats::CheckpointInfo& run) { run.options["momentum"] = 0.9; });
  refused("was saved with lr 0.5, this run has none", 7,
          [](formats::CheckpointInfo& run) { run.options.as_map().erase("lr"); });
}

TEST_CASE("the digest of data depends on their order") {
  const auto digest = [](std::initializer_list<std::string_view> parts) {
    DataDigest digest;
    for (const auto part : parts) digest.add(std::as_bytes(std::span(part)));
    return digest.text();
  };
  CHECK(digest({"ab", "c"}) == digest({"ab", "c"}));
  CHECK(digest({"ab", "c"}) != digest({"c", "ab"}));
  CHECK(digest({"ab"}).size() == 16);
}

}  // namespace
}  // namespace terse::learn
