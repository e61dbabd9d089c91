#pragma once

#include <string>

namespace terse::tools::relsim_score {

/// A name as gnuplot takes it between double quotes, without markup.
std::string gnuplot_quoted(const std::string& name);

/// Draws a script for the terminal `svg` into the file `path`, which appears whole or not at all.
/// @throws Error::Usage where gnuplot is missing or fails
void write_plot(const std::string& script, const std::string& path);

}  // namespace terse::tools::relsim_score
