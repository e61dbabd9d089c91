#include <algorithm>
#include <cmath>
#include <set>

#include "act-inspect/elements.hpp"
#include "act-inspect/input.hpp"
#include "act-inspect/modes.hpp"
#include "act-inspect/report.hpp"
#include "terse/core/error.hpp"

namespace terse::tools::act_inspect {
namespace {

using formats::ItemInfo;
using formats::Value;

/// One artifact, its items under names that can be compared: the items of a dump are only numbered, so their names
/// begin with step and id of the saved tensor.
struct Side {
  explicit Side(const std::string& path) : input(open_input(path)) {
    make_seekable(input);
    outline = outline_of(input);
    for (const auto& item : outline.items) items.emplace(label(item.name), &item);
  }

  std::string label(const std::string& name) const {
    if (input.header.kind != formats::Kind::Dump) return name;
    const auto found = outline.documents.find(name.substr(0, name.find('/')));
    if (found == outline.documents.end() || found->second.find("id") == nullptr) return name;
    const auto slash = name.find('/');
    return "step " + std::to_string(found->second.at("step").as_integer()) + " " + found->second.at("id").as_string() +
           (slash == std::string::npos ? "" : " " + name.substr(slash + 1));
  }

  Input input;
  Outline outline;
  std::map<std::string, const ItemInfo*> items;
};

/// Compares two artifacts and writes one line per difference.
class Comparison {
 public:
  Comparison(Side& left, Side& right, core::TableWriter& table)
      : left_(left),
        right_(right),
        left_reader_(borrow(*left.input.source)),
        right_reader_(borrow(*right.input.source)),
        table_(table) {}

  /// @return whether anything differs
  bool run() {
    compare_headers();
    if (left_.input.header.kind != right_.input.header.kind) return true;  // nothing else has a counterpart
    for (const auto& item : left_.outline.items) {
      const std::string label = left_.label(item.name);
      const auto other = right_.items.find(label);
      if (other == right_.items.end()) {
        report(label, "only in the first");
      } else {
        compare_items(label, item, *other->second);
      }
    }
    for (const auto& item : right_.outline.items) {
      if (!left_.items.contains(right_.label(item.name))) report(right_.label(item.name), "only in the second");
    }
    return found_;
  }

 private:
  void report(const std::string& item, const std::string& what, core::Cell left = {}, core::Cell right = {}) {
    found_ = true;
    table_.row({item, what, std::move(left), std::move(right)});
  }

  void compare_headers() {
    const auto& a = left_.input.header;
    const auto& b = right_.input.header;
    const auto list = [](const std::vector<std::string>& words) {
      return Value(Value::Array(words.begin(), words.end()));
    };
    const auto header = [&](const formats::Header& h) {
      return Value(Value::Map{{"kind", std::string(formats::to_string(h.kind))},
                              {"schema", std::to_string(h.schema_major) + "." + std::to_string(h.schema_minor)},
                              {"producer", h.producer},
                              {"arguments", list(h.arguments)},
                              {"seed", number_value(h.seed)},
                              {"parents", list(h.parents)}});
    };
    compare_values("header", "", header(a), header(b));
  }

  // Members one by one, so that a line names what is different and no more.
  void compare_values(const std::string& item, const std::string& path, const Value& a, const Value& b) {
    if (a == b) return;
    if (!a.is_map() || !b.is_map()) {
      report(item, path.empty() ? "content" : path, formats::to_json(a), formats::to_json(b));
      return;
    }
    std::set<std::string> keys;
    for (const auto& member : a.as_map()) keys.insert(member.first);
    for (const auto& member : b.as_map()) keys.insert(member.first);
    for (const auto& key : keys) {
      const Value* in_a = a.find(key);
      const Value* in_b = b.find(key);
      compare_values(item, path.empty() ? key : path + "." + key, in_a != nullptr ? *in_a : Value(),
                     in_b != nullptr ? *in_b : Value());
    }
  }

  void compare_items(const std::string& label, const ItemInfo& a, const ItemInfo& b) {
    if (a.type != b.type) {
      report(label, "type of item");
    } else if (a.type == ItemInfo::Type::Document) {
      compare_values(label, "", left_.outline.documents.at(a.name), right_.outline.documents.at(b.name));
    } else if (a.type == ItemInfo::Type::Strings) {
      compare_strings(label, a.name, b.name);
    } else if (a.tensor.dtype != b.tensor.dtype) {
      report(label, "dtype", std::string(core::to_string(a.tensor.dtype)),
             std::string(core::to_string(b.tensor.dtype)));
    } else if (a.tensor.shape != b.tensor.shape) {
      report(label, "shape", shape_text(a.tensor.shape), shape_text(b.tensor.shape));
    } else {
      compare_elements(label, a.name, b.name);
    }
  }

  static void go_to(formats::ArtifactReader& reader, const std::string& name) {
    reader.seek_to(name);
    if (!reader.next()) throw Error(Error::Internal, "item '" + name + "' was listed and is not there");
  }

  void compare_strings(const std::string& label, const std::string& a, const std::string& b) {
    go_to(left_reader_, a);
    go_to(right_reader_, b);
    const auto in_a = left_reader_.strings(), in_b = right_reader_.strings();
    if (in_a == in_b) return;
    if (in_a.size() != in_b.size()) report(label, "number of strings", cell(in_a.size()), cell(in_b.size()));
    for (std::size_t i = 0; i < std::min(in_a.size(), in_b.size()); ++i) {
      if (in_a[i] == in_b[i]) continue;
      report(label, "string " + std::to_string(i), in_a[i], in_b[i]);  // the first; the rest tends to follow
      return;
    }
  }

  void compare_elements(const std::string& label, const std::string& a, const std::string& b) {
    go_to(left_reader_, a);
    go_to(right_reader_, b);
    const formats::Tensor in_a = left_reader_.tensor(), in_b = right_reader_.tensor();
    if (in_a.data == in_b.data) return;
    const std::size_t width = core::size_of(in_a.info.dtype), count = in_a.data.size() / width;
    std::size_t different = 0;
    for (std::size_t i = 0; i < count; ++i) {
      different += !std::equal(in_a.data.begin() + static_cast<std::ptrdiff_t>(i * width),
                               in_a.data.begin() + static_cast<std::ptrdiff_t>((i + 1) * width),
                               in_b.data.begin() + static_cast<std::ptrdiff_t>(i * width));
    }
    std::vector<double> values;
    values.reserve(count);
    for_each_element(in_a.info.dtype, in_a.data, [&](double x) { values.push_back(x); });
    double largest = 0, left = 0, right = 0;
    std::size_t at = 0;
    for_each_element(in_b.info.dtype, in_b.data, [&](double x) {
      const double y = values[at++];
      if (!(std::abs(x - y) > largest)) return;
      largest = std::abs(x - y);
      left = y;
      right = x;
    });
    // The two values are those that are furthest apart.
    report(label, std::to_string(different) + " of " + std::to_string(count) + " elements", left, right);
  }

  Side& left_;
  Side& right_;
  formats::ArtifactReader left_reader_, right_reader_;
  core::TableWriter& table_;
  bool found_ = false;
};

}  // namespace

int show_difference(const Options& options) {
  if (options.input == "-" && options.diff == "-")
    throw Error(Error::Usage, "only one of the two can be standard input");
  Side left(options.input), right(options.diff);
  const auto sink = core::open_sink(options.shared.output, core::Content::Text);
  const auto style = core::table_style(options.shared.json, options.shared.output);
  core::Bytes held;  // no header where there is no difference
  const auto lines = core::memory_sink(held);
  core::TableWriter table(*lines, style,
                          {{.name = "item"}, {.name = "difference"}, {.name = "first"}, {.name = "second"}});
  const bool different = Comparison(left, right, table).run();
  if (different) {
    table.finish();
    sink->write(held);
  }
  sink->finish();
  return different ? static_cast<int>(Error::Code::Negative) : 0;
}

}  // namespace terse::tools::act_inspect
