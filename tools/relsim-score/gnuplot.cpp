#include "relsim-score/gnuplot.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "terse/core/bytes.hpp"
#include "terse/core/error.hpp"
#include "terse/core/table.hpp"

namespace terse::tools::relsim_score {
namespace {

/// A file that holds a script and goes with it.
class ScriptFile {
 public:
  explicit ScriptFile(const std::string& script)
      : path_((std::filesystem::temp_directory_path() / "terse-plot-XXXXXX").string()) {
    const int descriptor = mkstemp(path_.data());
    auto* file = descriptor < 0 ? nullptr : fdopen(descriptor, "w");
    const bool written = file && std::fwrite(script.data(), 1, script.size(), file) == script.size();
    if ((file && std::fclose(file) != 0) || !written) throw Error(Error::OutputFailed, path_ + ": cannot be written");
  }
  ~ScriptFile() { std::remove(path_.c_str()); }
  ScriptFile(const ScriptFile&) = delete;
  ScriptFile& operator=(const ScriptFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// What gnuplot draws from a script.
std::string draw(const std::string& script) {
  const ScriptFile file(script);  // not by a pipe: writing to a gnuplot that is not there would end this program
  std::string svg;
  auto* gnuplot = popen(("gnuplot '" + file.path() + "' 2> /dev/null").c_str(), "r");
  char block[65536];
  for (std::size_t n; gnuplot && (n = std::fread(block, 1, sizeof block, gnuplot)) > 0;) svg.append(block, n);
  const bool good = gnuplot && pclose(gnuplot) == 0;
  if (!good || svg.empty()) throw Error(Error::Usage, "a plot needs gnuplot, which is missing or failed");
  return svg;
}

}  // namespace

std::string gnuplot_quoted(const std::string& name) {
  std::string result = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + '"';
}

void write_plot(const std::string& script, const std::string& path) {
  const auto sink = core::open_sink(path, core::Content::Text);
  core::write_text(*sink, draw(script));
  sink->finish();
}

}  // namespace terse::tools::relsim_score
