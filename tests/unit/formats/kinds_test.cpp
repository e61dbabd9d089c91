// Every kind keeps its content, through memory and through a pipe.
#include "samples.hpp"
#include "terse/core/error.hpp"
#include "terse/formats/container/kind.hpp"
#include "terse_catch.hpp"

using namespace terse;
using namespace terse::formats;
using namespace terse::formats::test;

namespace {

std::unique_ptr<core::ByteSource> source_of(const Sample& sample) {
  return core::memory_source(sample.bytes, std::string(to_string(sample.kind)));
}

void check_tensors(const std::vector<Tensor>& found, const std::vector<Tensor>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].info == expected[i].info);
    CHECK(found[i].data == expected[i].data);
  }
}

template <class T>
void check_header(const Loaded<T>& loaded, const Sample& sample) {
  Header expected = sample_header();
  expected.kind = sample.kind;
  expected.schema_minor = schema_version(sample.kind).minor;
  CHECK(loaded.header == expected);
  CHECK(loaded.digest == sample.digest);
  CHECK(loaded.digest.size() == 32);
}

}  // namespace

TEST_CASE("a model keeps its content") {
  const Sample sample = make_sample(Kind::Model);
  const auto loaded = read_model(source_of(sample));
  check_header(loaded, sample);
  const Model expected = sample_model();
  CHECK(loaded.content.spec == expected.spec);
  CHECK(loaded.content.data == expected.data);
  CHECK(loaded.content.program_digest == expected.program_digest);
  CHECK(loaded.content.classes == expected.classes);
  CHECK(loaded.content.vocabulary == expected.vocabulary);
  CHECK(loaded.content.inputs == expected.inputs);
  CHECK(loaded.content.metrics == expected.metrics);
  check_tensors(loaded.content.parameters, expected.parameters);
  check_tensors(loaded.content.buffers, expected.buffers);
}

TEST_CASE("a checkpoint keeps its content") {
  const Sample sample = make_sample(Kind::Checkpoint);
  const auto loaded = read_checkpoint(source_of(sample));
  check_header(loaded, sample);
  const Checkpoint expected = sample_checkpoint();
  const Checkpoint& found = loaded.content;
  CHECK(found.model == expected.model);
  CHECK(found.program_digest == expected.program_digest);
  CHECK(found.data == expected.data);
  CHECK(found.data_digest == expected.data_digest);
  CHECK(found.step == expected.step);
  CHECK(found.epoch == expected.epoch);
  CHECK(found.position == expected.position);
  CHECK(found.optimizer == expected.optimizer);
  CHECK(found.hyperparameters == expected.hyperparameters);
  CHECK(found.scheduler == expected.scheduler);
  CHECK(found.scheduler_state == expected.scheduler_state);
  CHECK(found.compression == expected.compression);
  CHECK(found.threads == expected.threads);
  CHECK(found.options == expected.options);
  CHECK(found.metrics == expected.metrics);
  CHECK(found.adaptation == expected.adaptation);
  CHECK(found.precision == expected.precision);
  check_tensors(found.parameters, expected.parameters);
  check_tensors(found.buffers, expected.buffers);
  check_tensors(found.optimizer_state, expected.optimizer_state);
  check_tensors({found.generator}, {expected.generator});
}

TEST_CASE("a profile keeps its content") {
  const Sample sample = make_sample(Kind::Profile);
  const auto loaded = read_profile(source_of(sample));
  check_header(loaded, sample);
  const Profile expected = sample_profile();
  const Profile& found = loaded.content;
  CHECK(found.model == expected.model);
  CHECK(found.data == expected.data);
  CHECK(found.batch == expected.batch);
  CHECK(found.tensors == expected.tensors);
  CHECK(found.sensitivity_method == expected.sensitivity_method);
  CHECK(found.sensitivity_draws == expected.sensitivity_draws);
  CHECK(found.timeline == expected.timeline);
  CHECK(found.tags == expected.tags);
  CHECK(found.backward_start == expected.backward_start);
  CHECK(found.fixed_resident_bytes == expected.fixed_resident_bytes);
  CHECK(found.parameter_bytes == expected.parameter_bytes);
  CHECK(found.buffer_bytes == expected.buffer_bytes);
  CHECK(found.gradient_bytes == expected.gradient_bytes);
  CHECK(found.optimizer_bytes == expected.optimizer_bytes);
  CHECK(found.live_bytes_before == expected.live_bytes_before);
  CHECK(found.peak_allocated_bytes == expected.peak_allocated_bytes);
  CHECK(found.peak_resident_bytes == expected.peak_resident_bytes);
  CHECK(found.step_seconds == expected.step_seconds);
  CHECK(found.output_gradient == expected.output_gradient);
  CHECK(found.quantization_variance_predicted == expected.quantization_variance_predicted);
  CHECK(found.quantization_variance_measured == expected.quantization_variance_measured);
  CHECK(found.gradient_variance == expected.gradient_variance);
}

TEST_CASE("a profile of a thousand tensors is split over documents") {
  Profile profile = sample_profile();
  for (int i = 0; i < 1000; ++i) {
    profile.tensors.push_back(profile.tensors[0]);
    profile.tensors.back().id += std::to_string(i);
  }
  core::Bytes bytes;
  write_profile(*core::memory_sink(bytes), {}, profile);
  CHECK(read_profile(core::memory_source(bytes, "large")).content.tensors == profile.tensors);
}

TEST_CASE("facts keep their content") {
  const Sample sample = make_sample(Kind::Facts);
  const auto loaded = read_facts(source_of(sample));
  check_header(loaded, sample);
  const Facts expected = sample_facts();
  CHECK(loaded.content.entities == expected.entities);
  CHECK(loaded.content.relations == expected.relations);
  CHECK(loaded.content.counts == expected.counts);
  check_tensors(loaded.content.weights, expected.weights);
  CHECK(loaded.content.hyperparameters == expected.hyperparameters);
  CHECK(loaded.content.metrics == expected.metrics);
  CHECK(loaded.content.triples == expected.triples);
  CHECK(loaded.content.weight("relation").info.shape == std::vector<std::int64_t>{2, 2});
  CHECK_THROWS_AS(loaded.content.weight("nothing"), Error);
}

TEST_CASE("a similarity keeps its content") {
  const Sample sample = make_sample(Kind::Similarity);
  const auto loaded = read_similarity(source_of(sample));
  check_header(loaded, sample);
  CHECK(loaded.content == sample_similarity());
}

TEST_CASE("a similarity without its optional parts keeps its content") {
  Similarity bare = sample_similarity();
  bare.swapped.clear();
  bare.swapped_error.clear();
  bare.divergence_error.clear();
  bare.thin.clear();
  core::Bytes bytes;
  write_similarity(*core::memory_sink(bytes), {}, bare);
  CHECK(read_similarity(core::memory_source(bytes, "bare")).content == bare);
}

TEST_CASE("clusters keep their content") {
  const Sample sample = make_sample(Kind::Clusters);
  const auto loaded = read_clusters(source_of(sample));
  check_header(loaded, sample);
  CHECK(loaded.content == sample_clusters());
}

TEST_CASE("a policy keeps its content") {
  const Sample sample = make_sample(Kind::Policy);
  const auto loaded = read_policy(source_of(sample));
  check_header(loaded, sample);
  CHECK(loaded.content == sample_policy());
}

TEST_CASE("contents that contradict themselves are refused") {
  const auto refused = [](auto write, auto read, const auto& content, const std::string& why) {
    core::Bytes bytes;
    write(*core::memory_sink(bytes), Header{}, content);
    CHECK_THROWS_WITH(read(core::memory_source(bytes, "bad"), ArtifactReader::Limits{}), Catch::Contains(why));
  };

  Policy policy = sample_policy();
  policy.tensors[1].bits = 33;
  refused(write_policy, read_policy, policy, "bad: item 'tensors/0': row 1: key \"bits\": 33 is more than 32");
  policy.tensors[1].bits = 0;
  policy.tensors[0].sensitivity = -1;
  refused(write_policy, read_policy, policy, "row 0: key \"sensitivity\": not a finite number from 0");

  Facts facts = sample_facts();
  facts.triples[4] = 2;
  refused(write_facts, read_facts, facts, "bad: item 'triples' row 1 holds an id out of range");
  facts = sample_facts();
  facts.entities.pop_back();
  refused(write_facts, read_facts, facts, "weight/entity");
  facts = sample_facts();
  facts.counts.pop_back();
  refused(write_facts, read_facts, facts, "counts");

  Clusters clusters = sample_clusters();
  clusters.representatives = {1, 2};
  refused(write_clusters, read_clusters, clusters, "representatives");
  clusters = sample_clusters();
  clusters.merges[0].b = 3;
  refused(write_clusters, read_clusters, clusters, "merges/nodes");
  clusters = sample_clusters();
  clusters.cluster[2] = 2;
  refused(write_clusters, read_clusters, clusters, "'cluster'");

  Similarity similarity = sample_similarity();
  similarity.counts.push_back(1);
  refused(write_similarity, read_similarity, similarity, "counts");

  Profile profile = sample_profile();
  profile.timeline[0].tensor = 2;
  refused(write_profile, read_profile, profile, "timeline/tensor");
  profile = sample_profile();
  profile.backward_start = 5;
  refused(write_profile, read_profile, profile, "backward");
}

TEST_CASE("a reader of one kind refuses another, naming both") {
  const Sample sample = make_sample(Kind::Model);
  CHECK_THROWS_WITH(read_facts(source_of(sample)), Catch::Contains("a model artifact, but a facts artifact is needed"));
}
