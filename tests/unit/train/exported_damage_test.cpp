// Damaged and hostile files: an error or a clean load, never a crash.
#include <unistd.h>

#include <filesystem>
#include <random>

#include "exported_fixture.hpp"
#include "terse/core/error.hpp"
#include "terse/core/philox.hpp"
#include "terse/train/exported/plan.hpp"

using namespace terse;
using Catch::Matchers::ContainsSubstring;
using namespace terse::test;

namespace {

core::Bytes file_bytes(const std::string& path) {
  const auto source = core::open_source(path);
  return core::read_all(*source, 1u << 24);
}

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / (std::to_string(getpid()) + "-" + name)) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }
  void fill(std::span<const std::byte> bytes) const {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path path_;
};

/// @return whether it loaded; an error must be BadInput and name the file
bool loads(const std::string& path) {
  try {
    train::load_exported_program(path);
    return true;
  } catch (const Error& error) {
    CHECK(error.code() == Error::BadInput);
    CHECK_THAT(error.what(), ContainsSubstring(path));
    return false;
  }
}

}  // namespace

TEST_CASE("a thousand flipped bytes and cuts of a .pt2 file") {
  const core::Bytes intact = file_bytes(export_path("stochastic_depth.pt2"));
  const TemporaryFile file("damaged.pt2");
  core::RandomSequence random({7, core::stream_of("exported damage"), 0});
  int loaded = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    core::Bytes damaged = intact;
    if (trial % 4 == 3) {
      damaged.resize(random.below(intact.size()));
    } else {
      for (std::uint64_t flips = 1 + random.below(3); flips > 0; --flips) {
        damaged[random.below(damaged.size())] ^= static_cast<std::byte>(1 + random.below(255));
      }
    }
    file.fill(damaged);
    loaded += loads(file.path());
  }
  INFO(loaded << " of 1000 loaded: damage in padding, in sample inputs or in unused header fields");
  CHECK(loaded < 700);
  file.fill(intact);
  CHECK(loads(file.path()));
}

TEST_CASE("every cut of a .pt2 file is refused") {
  const core::Bytes intact = file_bytes(export_path("stochastic_depth.pt2"));
  const TemporaryFile file("cut.pt2");
  for (std::size_t length = 0; length < intact.size(); length += length < 64 ? 1 : 97) {
    file.fill(std::span(intact).first(length));
    CHECK_FALSE(loads(file.path()));
  }
}

TEST_CASE("a damaged weight is named by file and record") {
  core::Bytes damaged = file_bytes(export_path("convnet.pt2"));
  formats::ZipReader zip(core::open_source(export_path("convnet.pt2")));
  const auto* weight = zip.find("convnet/data/weights/weight_3");
  REQUIRE(weight);
  core::Bytes content = zip.read(*weight, 1u << 20);
  const auto found = std::search(damaged.begin(), damaged.end(), content.begin(), content.end());
  REQUIRE(found != damaged.end());
  *(found + 5) ^= std::byte{1};
  const TemporaryFile file("weight.pt2");
  file.fill(damaged);
  CHECK_THROWS_WITH(train::load_exported_program(file.path()),
                    ContainsSubstring(file.path()) && ContainsSubstring("weight_3' is damaged"));
}

TEST_CASE("a thousand hostile programs behind an intact archive") {
  using train::exported::make_plan;
  using train::exported::parse_graph;
  core::RandomSequence random({8, core::stream_of("exported damage"), 0});
  for (const char* name : {"attention", "tied_text"}) {
    const std::string intact = program_json(name).dump();
    for (int trial = 0; trial < 500; ++trial) {
      std::string changed = intact;
      for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
        // Digits and brackets do more harm than letters.
        constexpr std::string_view kCharacters = "0123456789-{}[]\",:eaN";
        changed[random.below(changed.size())] = kCharacters[random.below(kCharacters.size())];
      }
      try {
        make_plan(parse_graph(changed, "hostile.pt2"), "hostile.pt2");
      } catch (const Error& error) {
        CHECK(error.code() == Error::BadInput);
      }
    }
  }
}

TEST_CASE("kernels that trust their caller with shapes are never run on wrong ones") {
  using train::exported::find_kernels;
  const auto refused = [](const char* name, const char* overload, torch::jit::Stack stack) {
    INFO(name);
    CHECK_THROWS_AS(find_kernels(name, overload)->check(stack), Error);
  };
  const at::Tensor x = torch::zeros({2, 3, 4, 4}), three = torch::zeros({3}), two = torch::zeros({2});
  for (const char* name : {"aten::native_batch_norm", "aten::_native_batch_norm_legit_functional"}) {
    torch::jit::Stack right = {x, three, three, three, three, true, 0.1, 1e-5};
    CHECK_NOTHROW(find_kernels(name, "")->check(right));
    for (std::size_t i = 1; i < 5; ++i) {
      auto wrong = right;
      wrong[i] = two;
      refused(name, "", wrong);
    }
    right[0] = two;
    refused(name, "", right);
  }
  refused("aten::_native_batch_norm_legit", "no_stats", {x, two, three, true, 0.1, 1e-5});

  const auto weights = [](std::int64_t gates) {
    return std::vector<at::Tensor>{torch::zeros({gates * 5, 4}), torch::zeros({gates * 5, 5}),
                                   torch::zeros({gates * 5}), torch::zeros({gates * 5})};
  };
  const auto stack = [](c10::IValue state, const std::vector<at::Tensor>& parameters) {
    return torch::jit::Stack{torch::zeros({2, 7, 4}), std::move(state), parameters, true, 1, 0.0, true, false, true};
  };
  const at::Tensor state = torch::zeros({1, 2, 5});
  auto right = stack(std::vector<at::Tensor>{state, state}, weights(4));
  CHECK_NOTHROW(find_kernels("aten::lstm", "input")->check(right));
  right = stack(state, weights(3));
  CHECK_NOTHROW(find_kernels("aten::gru", "input")->check(right));
  refused("aten::lstm", "input", right);
  refused("aten::gru", "input", stack(torch::zeros({1, 2, 6}), weights(3)));
  for (std::size_t w = 0; w < 4; ++w) {
    auto wrong = weights(3);
    wrong[w] = torch::zeros({2, 2});
    refused("aten::gru", "input", stack(state, wrong));
  }
  right[4] = 2;
  refused("aten::gru", "input", right);
  // States that are projected to three units of five.
  const std::vector<at::Tensor> states{torch::zeros({1, 2, 3}), torch::zeros({1, 2, 5})};
  const std::vector<at::Tensor> projecting{torch::zeros({20, 4}), torch::zeros({20, 3}), torch::zeros({20}),
                                           torch::zeros({20}), torch::zeros({3, 5})};
  CHECK_NOTHROW(find_kernels("aten::lstm", "input")->check(right = stack(states, projecting)));
  for (std::size_t w = 0; w < projecting.size(); ++w) {
    auto wrong = projecting;
    wrong[w] = torch::zeros({2, 2});
    refused("aten::lstm", "input", stack(states, wrong));
  }
  refused("aten::lstm", "input", stack(states, weights(4)));
  refused("aten::lstm", "input", stack(std::vector<at::Tensor>{torch::zeros({3}), states[1]}, projecting));
}

TEST_CASE("deep nesting and wrong types in the JSON are refused") {
  using train::exported::parse_graph;
  using train::exported::parse_payloads;
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"), std::string(200'000, '['),
        std::string("{\"schema_version\": {\"major\": 8}}"), std::string("{\"schema_version\": {\"major\": 1e300}}"),
        std::string("{\"schema_version\": {\"major\": 18446744073709551615}}")}) {
    CHECK_THROWS_AS(parse_graph(text, "x.pt2"), Error);
    CHECK_THROWS_AS(parse_payloads(text, "x.pt2"), Error);
  }
}

TEST_CASE("what is no .pt2 file at all") {
  const TemporaryFile file("not.pt2");
  file.fill(core::as_bytes("PK is how a zip begins, this does not go on", 43));
  CHECK_FALSE(loads(file.path()));
  file.fill({});
  CHECK_FALSE(loads(file.path()));
  try {
    train::load_exported_program("/nonexistent/net.pt2");
    FAIL();
  } catch (const Error& error) {
    CHECK(error.code() == Error::NoInput);
  }
}
