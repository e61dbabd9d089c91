#pragma once

#include <map>
#include <string>

namespace terse::tools::relsim_score {

/// A name as a field of a plot's data, tabs between fields: control characters are blanks. Names reach gnuplot in data
/// alone, of which it runs nothing.
std::string plot_field(const std::string& name);

/// Draws an SVG into the file `path`, which appears whole or not at all.
/// @param script  for gnuplot; holds nothing that an input says. It reads `data` by its names in 'quotes'
/// @param data    lines of fields with tabs between them, by name
/// @throws Error::Usage where gnuplot is missing or fails
void write_plot(const std::string& script, const std::map<std::string, std::string>& data, const std::string& path);

}  // namespace terse::tools::relsim_score
