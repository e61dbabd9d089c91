#include "terse/train/models/models.hpp"

#include <functional>
#include <typeinfo>
#include <utility>

#include "terse/core/error.hpp"

namespace terse::train {

namespace {

using Maker = std::function<std::shared_ptr<Model>(SpecReader&, const DataShape&)>;

std::vector<std::pair<std::string, Maker>> makers() {
  std::vector<std::pair<std::string, Maker>> list{{"mlp", make_mlp}};
  for (int depth : {18, 34, 50, 101, 152}) {
    list.emplace_back("resnet" + std::to_string(depth),
                      [depth](auto& spec, auto& data) { return make_resnet(depth, spec, data); });
  }
  for (bool norm : {false, true}) {
    for (int depth : {11, 13, 16, 19}) {
      list.emplace_back("vgg" + std::to_string(depth) + (norm ? "_bn" : ""),
                        [=](auto& spec, auto& data) { return make_vgg(depth, norm, spec, data); });
    }
  }
  list.emplace_back("vit", make_vit);
  for (const std::string name : {"swin_t", "swin_s", "swin_b"}) {
    list.emplace_back(name, [name](auto& spec, auto& data) { return make_swin(name, spec, data); });
  }
  for (int depth : {50, 101}) {
    list.emplace_back("fcn_resnet" + std::to_string(depth),
                      [depth](auto& spec, auto& data) { return make_fcn(depth, spec, data); });
  }
  list.emplace_back("text", make_text_encoder);
  list.emplace_back("bert", make_bert);
  list.emplace_back("gcn", make_gcn);
  list.emplace_back("graphsage", make_graphsage);
  list.emplace_back("gat", make_gat);
  list.emplace_back("gcnii", make_gcnii);
  return list;
}

}  // namespace

std::vector<PathModule*> Model::parts() {
  std::vector<PathModule*> parts;
  for (const auto& module : modules(/*include_self=*/false)) {
    auto* part = module->as<PathModule>();
    if (part && typeid(*part) != typeid(ModuleGroup)) parts.push_back(part);  // a group never runs
  }
  return parts;
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

std::shared_ptr<Model> make_model(const Spec& spec, const DataShape& data, Spec& resolved) {
  for (const auto& [name, maker] : makers()) {
    if (name != spec.name) continue;
    SpecReader reader(spec);
    auto model = maker(reader, data);
    reader.finish();
    resolved = reader.resolved();
    return model;
  }
  auto known = model_names();
  known.insert(known.end(), {"export:FILE", "script:FILE"});
  throw_unknown_name(spec, known);
}

std::vector<std::int64_t> image_extents(const DataShape& data, const std::string& model) {
  if (data.kind != DataShape::Kind::Dense || data.extents.size() != 3) {
    throw Error(Error::Usage, "model " + model + " takes images (channels x height x width)");
  }
  if (data.label_a_pixel) throw Error(Error::Usage, "model " + model + " takes one label an image, not one a pixel");
  return data.extents;
}

std::int64_t graph_features(const DataShape& data, const std::string& model) {
  if (data.kind != DataShape::Kind::Graph) throw Error(Error::Usage, "model " + model + " takes a graph");
  return data.extents.at(0);
}

at::Tensor resize_images(const at::Tensor& x, const std::vector<std::int64_t>& size) {
  if (x.size(2) == size[0] && x.size(3) == size[1]) return x;
  return at::upsample_bilinear2d(x, size, /*align_corners=*/false);
}

}  // namespace terse::train
