#include "terse/relsim/kb/ntriples_reader.hpp"

#include <serd/serd.h>

#include <cstdarg>
#include <cstdio>
#include <exception>
#include <string>

#include "terse/core/decompress.hpp"
#include "terse/core/error.hpp"

namespace terse::relsim {
namespace {

constexpr std::size_t kPage = 1 << 16;

/// One document on its way through serd, which is C: exceptions wait here until it has returned.
class Document {
 public:
  Document(std::unique_ptr<core::ByteSource> source, KnowledgeBase& kb)
      : source_(core::decompressing_source(std::move(source))), kb_(kb) {}

  void read() {
    const std::unique_ptr<SerdReader, void (*)(SerdReader*)> reader(
        serd_reader_new(SERD_NTRIPLES, this, nullptr, nullptr, nullptr, &Document::on_statement, nullptr),
        serd_reader_free);
    serd_reader_set_strict(reader.get(), true);
    serd_reader_set_error_sink(reader.get(), &Document::on_error, this);
    const auto* name = reinterpret_cast<const std::uint8_t*>(source_->name().c_str());
    const auto status = serd_reader_read_source(reader.get(), &Document::on_read, &Document::failed, this, name, kPage);
    if (exception_) std::rethrow_exception(exception_);
    if (!message_.empty()) throw Error(Error::BadInput, message_);
    if (status > SERD_FAILURE) throw Error(Error::BadInput, source_->name() + ": not N-Triples");
  }

 private:
  static std::size_t on_read(void* into, std::size_t, std::size_t count, void* stream) {
    auto& self = *static_cast<Document*>(stream);
    try {
      return self.source_->read({static_cast<std::byte*>(into), count});
    } catch (...) {
      self.exception_ = std::current_exception();
      return 0;
    }
  }
  static int failed(void* stream) { return static_cast<Document*>(stream)->exception_ != nullptr; }

  static SerdStatus on_error(void* handle, const SerdError* error) {
    auto& self = *static_cast<Document*>(handle);
    if (!self.message_.empty()) return SERD_SUCCESS;  // what follows from the first one is of no use
    char text[256];
    std::vsnprintf(text, sizeof text, error->fmt, *error->args);  // NOLINT(clang-analyzer-valist.Uninitialized): serd's
    std::string what(text);
    while (!what.empty() && what.back() == '\n') what.pop_back();
    self.message_ =
        self.source_->name() + ":" + std::to_string(error->line) + ":" + std::to_string(error->col) + ": " + what;
    return SERD_SUCCESS;
  }

  static std::string_view text(const SerdNode* node) {
    return {reinterpret_cast<const char*>(node->buf), node->n_bytes};
  }

  static std::string name(const SerdNode* node, const SerdNode* datatype, const SerdNode* language) {
    std::string result(text(node));
    if (node->type == SERD_BLANK) return "_:" + result;
    if (node->type != SERD_LITERAL) return result;
    result = '"' + result + '"';
    if (language && language->buf) result.append("@").append(text(language));
    if (datatype && datatype->buf) result.append("^^<").append(text(datatype)).append(">");
    return result;
  }

  static SerdStatus on_statement(void* handle, SerdStatementFlags, const SerdNode*, const SerdNode* subject,
                                 const SerdNode* predicate, const SerdNode* object, const SerdNode* datatype,
                                 const SerdNode* language) {
    auto& self = *static_cast<Document*>(handle);
    try {
      const auto head = self.kb_.entities.intern(name(subject, nullptr, nullptr));
      const auto relation = self.kb_.relations.intern(name(predicate, nullptr, nullptr));
      self.kb_.triples.push_back({head, relation, self.kb_.entities.intern(name(object, datatype, language))});
      return SERD_SUCCESS;
    } catch (...) {
      self.exception_ = std::current_exception();
      return SERD_ERR_INTERNAL;
    }
  }

  std::unique_ptr<core::ByteSource> source_;
  KnowledgeBase& kb_;
  std::string message_;
  std::exception_ptr exception_;
};

}  // namespace

void read_ntriples(std::unique_ptr<core::ByteSource> source, KnowledgeBase& kb) {
  Document(std::move(source), kb).read();
}

}  // namespace terse::relsim
