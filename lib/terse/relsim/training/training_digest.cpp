#include "terse/relsim/training/training_digest.hpp"

#include "terse/learn/run_identity.hpp"

namespace terse::relsim {

std::string training_digest(std::span<const Triple> train, std::span<const Triple> held_out,
                            std::span<const double> divergences) {
  learn::DataDigest digest;
  digest.add(std::as_bytes(train));
  digest.add(std::as_bytes(held_out));
  digest.add(std::as_bytes(divergences));
  return digest.text();
}

}  // namespace terse::relsim
