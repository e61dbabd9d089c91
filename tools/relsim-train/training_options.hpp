#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/options.hpp"
#include "terse/learn/compression_choice.hpp"
#include "terse/learn/training_session.hpp"
#include "terse/relsim/kb/split.hpp"
#include "terse/relsim/ranking/named_divergences.hpp"

namespace CLI {
class App;
}

namespace terse::tools::relsim_train {

// Options that several kinds of training have.

/// The inputs of a command that learns from facts, in every form that triples come in.
void add_triples(CLI::App& command, std::vector<std::string>& inputs);

void define_metrics(CLI::App& command, learn::SessionOptions& options);
/// --checkpoint and --resume.
void define_checkpoint(CLI::App& command, learn::SessionOptions& options);

/// --level and --bits. @param level  what is given for --level, else empty
/// @param what  is compressed, for the help
void define_level(CLI::App& command, std::string& level, learn::CompressionChoice& choice, const std::string& what);
/// --adapt-every and --budget.
void define_budget(CLI::App& command, learn::CompressionChoice& choice);
/// The level that these options ask for: L0 where none is given, or L2 with a budget.
act::Level level_of(const std::string& given, const learn::CompressionChoice& choice);

/// What was left out of the held-out facts in the file `valid`, where anything was.
void warn_of_skipped(const std::string& valid, const relsim::Split& split);
/// That the similarity artifact `path` does not know some of `relations`, where it does not.
void warn_of_unknown(const std::string& path, const relsim::NamedDivergences& known,
                     const relsim::Vocabulary& relations);

/// Header of an artifact that this command writes.
formats::Header header_of(const SharedOptions& shared);
/// @throws Error::Usage where metrics and output are both standard output
learn::TrainingSession begin_session(const learn::SessionOptions& options, const SharedOptions& shared,
                                     std::int64_t epochs);

/// A score between 0 and 1, or a loss, as notes tell it.
std::string to_four_decimals(double value);

}  // namespace terse::tools::relsim_train
