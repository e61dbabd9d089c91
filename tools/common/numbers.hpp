#pragma once

#include <CLI/CLI.hpp>

namespace terse::tools {

/// For an option's number: finite and above 0, or finite and not below it. CLI11's own checks answer with the largest
/// double written out.
CLI::Validator above_zero();
CLI::Validator not_negative();

/// Has every option whose value is called N take whole numbers from 0 to 2^64-1 alone, and every option whose value is
/// called X, NATS, RATE, SHARE or SECONDS finite numbers: CLI11 takes -1 for 2^64-1, and NaN passes its ranges.
void expect_numbers(CLI::App& app);

}  // namespace terse::tools
