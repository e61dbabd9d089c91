#pragma once

#include <cstdint>
#include <string>

#include "common/options.hpp"

namespace CLI {
class App;
}

namespace terse::tools::act_inspect {

/// The command line of act-inspect. At most one of the modes is asked for; none is the summary.
struct Options {
  tools::SharedOptions shared;
  std::string input = "-";
  bool tensors = false;
  bool records = false;
  bool verify = false;
  std::string histogram;    ///< tensor
  std::string decode;       ///< tensor
  std::string diff;         ///< other artifact
  std::string safetensors;  ///< file to write

  std::string npy;         ///< where --decode writes; empty: text
  bool exact = false;      ///< a dump's exact copy in place of what was stored
  std::int64_t step = -1;  ///< of a dump; -1: the first that has the tensor
  int top = 10;            ///< rows of a summary's tables; 0: all
  int bins = 20;
  int width = 0;  ///< columns of the drawing; 0: the terminal's, 80 elsewhere
  bool ascii = false;
};

void define(CLI::App& app, Options& options);

}  // namespace terse::tools::act_inspect
