#pragma once

#include "terse/relsim/embedding/embedding_model.hpp"
#include "terse/relsim/ranking/divergences.hpp"

namespace terse::relsim {

/// 1 - cosine of relations' vectors, from 0 to 2, in the place of divergences. What a relation's vector is turned round
/// follows from the model: TransE's is negative, ComplEx's and RotatE's are conjugate, RESCAL's matrix is transposed,
/// and DistMult's is itself.
Divergences vector_distances(const EmbeddingModel& model);

}  // namespace terse::relsim
