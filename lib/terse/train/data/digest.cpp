#include "terse/train/data/digest.hpp"

#include <xxhash.h>

#include <cstdint>
#include <cstdio>

namespace terse::train {

struct ContentDigest::State {
  XXH3_state_t* hash = XXH3_createState();
  ~State() { XXH3_freeState(hash); }
};

ContentDigest::ContentDigest() : state_(std::make_unique<State>()) { XXH3_128bits_reset(state_->hash); }
ContentDigest::~ContentDigest() = default;

void ContentDigest::add(std::string_view text) {
  const std::uint64_t length = text.size();  // so that "ab", "c" and "a", "bc" differ
  XXH3_128bits_update(state_->hash, &length, sizeof length);
  append(text);
}

void ContentDigest::append(std::string_view part) { XXH3_128bits_update(state_->hash, part.data(), part.size()); }

void ContentDigest::add(const at::Tensor& contiguous) {
  const auto sizes = contiguous.sizes();
  add({reinterpret_cast<const char*>(sizes.data()), sizes.size() * sizeof(sizes[0])});
  add({static_cast<const char*>(contiguous.const_data_ptr()), contiguous.nbytes()});
}

std::string ContentDigest::finish() const {
  const auto digest = XXH3_128bits_digest(state_->hash);
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(digest.high64),
                static_cast<unsigned long long>(digest.low64));
  return text;
}

}  // namespace terse::train
