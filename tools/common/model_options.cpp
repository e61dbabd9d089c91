#include "common/model_options.hpp"

#include <CLI/CLI.hpp>

#include "common/groups.hpp"

namespace terse::tools {

CLI::Option* add_model(CLI::App& app, std::string& model, bool& trust_model) {
  auto* option =
      app.add_option("--model", model,
                     "What to train: NAME[:key=value,...] of a built-in model (mlp, resnet18, resnet50, vgg16_bn, vit, "
                     "swin_t, fcn_resnet50, text, bert, gcn, graphsage, gat, gcnii ...), export:FILE.pt2 (saved by "
                     "torch.export.save) or script:FILE.pt (TorchScript)")
          ->type_name("SPEC")
          ->group(kModelGroup);
  app.add_flag("--trust-model", trust_model, "Allow script:FILE to run the code that it holds")->group(kModelGroup);
  return option;
}

CLI::Option* add_data(CLI::App& app, std::string& data) {
  return app
      .add_option("--data", data,
                  "What to train on: fashion-mnist[:DIR], idx:DIR, text:FILE[,dev=FILE], graph:DIR, tensors:FILE (.npz "
                  "or .safetensors) or random:SHAPE[,classes=K]")
      ->type_name("SPEC")
      ->group(kDataGroup);
}

}  // namespace terse::tools
