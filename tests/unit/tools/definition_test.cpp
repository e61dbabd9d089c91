#include "common/definition.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

#include "common/options.hpp"
#include "terse/core/error.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::tools;

namespace {

struct Given {
  SharedOptions shared;
  std::string input, level = "L1", command;
  std::uint64_t budget = 0;
  int dim = 100;
};

void define(CLI::App& app, Given& given) {
  app.option_defaults()->always_capture_default();
  app.set_help_flag();
  add_input(app, "INPUT", given.input, "What to read");
  add_output(app, given.shared);
  add_choice(app, "--level", given.level, {"L0", "L1"}, "How far to compress");
  add_size(app, "--budget", given.budget, "Bytes allowed: [peak], not *average*");
  CLI::App& facts = add_command(app, "facts", given.command, "Train a fact model");
  facts.fallthrough();
  facts.add_option("--dim", given.dim, "Size of the vectors")->type_name("N");
  add_always(app, given.shared);
  add_examples(app, {"tool in.tsv -o out", "tool in.tsv --level L0"});
}

std::vector<std::size_t> widths(const std::string& text) {
  std::vector<std::size_t> widths;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) widths.push_back(line.size());
  return widths;
}

}  // namespace

TEST_CASE("a definition says what people need to know of each option") {
  Given given;
  CLI::App app("Does it", "tool");
  define(app, given);
  const Definition definition = definition_of(app);
  REQUIRE(definition.options.front().positional);
  CHECK(definition.options.front().names == std::vector<std::string>{"INPUT"});
  CHECK(definition.options.front().value == "FILE");
  CHECK(definition.options[1].value == "L0|L1");
  CHECK(definition.options[1].default_value == "L1");
  CHECK(definition.options[3].names == std::vector<std::string>{"-o", "--output"});
  REQUIRE(definition.commands.size() == 1);
  CHECK(definition.commands[0].options.back().default_value == "100");
  CHECK_THROWS_AS(check_documented(definition), Error);
  add_examples(*app.get_subcommand("facts"), {"tool facts kb.tsv", "tool facts kb.tsv --dim 8"});
  CHECK_NOTHROW(check_documented(definition_of(app)));
}

TEST_CASE("an option without help text is refused by name") {
  CLI::App app("Does it", "tool");
  add_examples(app, {"tool", "tool -q"});
  int value = 0;
  app.add_option("--bare", value);
  try {
    check_documented(definition_of(app));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == Error::Code::Internal);
    CHECK(std::string(error.what()) == "tool: --bare has no help text");
  }
  CHECK_THROWS_AS(manual_options(definition_of(app)), Error);
  CHECK_THROWS_AS(bash_completion(definition_of(app)), Error);
}

TEST_CASE("a sub-command and its options need help text too") {
  std::string chosen;
  CLI::App bare("Does it", "tool");
  add_examples(bare, {"tool facts", "tool -q facts"});
  add_command(bare, "facts", chosen, "");
  CHECK_THROWS_AS(check_documented(definition_of(bare)), Error);
  CLI::App inner("Does it", "tool");
  add_examples(inner, {"tool facts", "tool -q facts"});
  int dim = 0;
  add_command(inner, "facts", chosen, "Train").add_option("--dim", dim);
  CHECK_THROWS_AS(check_documented(definition_of(inner)), Error);
}

TEST_CASE("help keeps to its width and names every visible option") {
  Given given;
  CLI::App app("Does it", "tool");
  define(app, given);
  const Definition definition = definition_of(app);
  const std::string help = help_text(definition, "tool", 72);
  for (const auto width : widths(help)) CHECK(width <= 72);
  CHECK(help.starts_with("Usage: tool [OPTIONS] [INPUT] COMMAND ...\nDoes it\n"));
  for (const auto& option : definition.options) CHECK(help.find(option.names.back()) != std::string::npos);
}

TEST_CASE("help of a sub-command shows its examples first, then all that may be given after it by heading") {
  Given given;
  CLI::App app("Does it", "tool");
  define(app, given);
  CLI::App& facts = *app.get_subcommand("facts");
  add_examples(facts, {"tool facts kb.tsv", "tool facts kb.tsv --dim 8"});
  add_heading(facts, "Training");
  int epochs = 3;
  facts.add_option("--epochs", epochs, "Passes")->type_name("N");
  add_heading(facts, "Model");
  facts.add_option("--hidden", given.dim, "Units")->type_name("N")->group("Options");
  const std::string help = help_text(full_definition_of(facts), "tool facts", 72);
  CHECK(
      help.starts_with("Usage: tool facts [OPTIONS]\nTrain a fact model\n\n"
                       "Examples:\n  tool facts kb.tsv\n  tool facts kb.tsv --dim 8\n\nOptions:\n"));
  const auto place = [&](const char* text) { return help.find(text); };
  CHECK(place("--dim") < place("--hidden"));
  CHECK(place("--hidden") < place("--level"));
  CHECK(place("--level") < place("\nTraining:"));
  CHECK(place("\nTraining:") < place("--epochs"));
  CHECK(place("--epochs") < place("\nOutput:"));
  CHECK(place("--output") < place("\nGeneral options:"));
  CHECK(place("INPUT") == std::string::npos);
  CHECK(help.find("--threads") != std::string::npos);
}

TEST_CASE("the manual escapes what scdoc would take as markup") {
  Given given;
  CLI::App app("Does it", "tool");
  define(app, given);
  add_examples(*app.get_subcommand("facts"), {"tool facts kb.tsv", "tool facts kb.tsv --dim 8"});
  const std::string manual = manual_options(definition_of(app));
  CHECK(manual.find("Bytes allowed: \\[peak\\], not \\*average\\*.") != std::string::npos);
  CHECK(manual.find("*--level* *L0*\\|*L1*\n\tHow far to compress. Default: L1.") != std::string::npos);
  CHECK(manual.find("## tool facts") != std::string::npos);
}

TEST_CASE("choices are split at the bars and only there") {
  CHECK(choices_of("none|fast|exact") == std::vector<std::string>{"none", "fast", "exact"});
  CHECK(choices_of("FILE").empty());
  CHECK(choices_of("").empty());
}

TEST_CASE("arguments for the header leave out paths, the seed and the general options") {
  Given given;
  CLI::App app("Does it", "tool");
  define(app, given);
  app.parse("in.tsv -o out -j 2 --level L0 --budget 4K facts --dim 8", false);
  CHECK(content_arguments(app) == std::vector<std::string>{"--level", "L0", "--budget", "4K", "facts", "--dim", "8"});
}
