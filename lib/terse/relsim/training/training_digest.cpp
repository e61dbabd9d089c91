#include "terse/relsim/training/training_digest.hpp"

#include <xxhash.h>

#include <cstdio>

namespace terse::relsim {

std::string training_digest(std::span<const Triple> train, std::span<const Triple> held_out,
                            std::span<const double> divergences) {
  XXH64_hash_t hash = 0;
  hash = XXH3_64bits_withSeed(train.data(), train.size_bytes(), hash);
  hash = XXH3_64bits_withSeed(held_out.data(), held_out.size_bytes(), hash);
  hash = XXH3_64bits_withSeed(divergences.data(), divergences.size_bytes(), hash);
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace terse::relsim
