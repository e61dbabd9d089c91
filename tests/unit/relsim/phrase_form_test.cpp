#include "terse/relsim/phrases/phrase_form.hpp"

#include "terse_catch.hpp"

namespace terse::relsim {
namespace {

TEST_CASE("a phrase that denies what it says is known by its words", "[redundancy]") {
  for (const char* phrase : {"is not located in", "was never in", "have no part in", "isn't in", "is n't in",
                             "don\u2019t like", "is NOT the creator of", "cannot leave", "be no longer in"}) {
    CHECK(form_of(phrase).negated);
  }
  for (const char* phrase :
       {"is located in", "is not only in", "be not just in", "know", "nothing", "was notified by", ""}) {
    CHECK_FALSE(form_of(phrase).negated);
  }
}

TEST_CASE("adverbs and negations are no core of a phrase", "[redundancy]") {
  CHECK(without_adverbs("is Currently chairman of") == "is chairman of");
  CHECK(without_adverbs("be no longer an employee of") == "be an employee of");
  CHECK(without_adverbs("did n't live in") == "did live in");
  CHECK(without_adverbs("have not yet widely apply to") == "have apply to");
  CHECK(without_adverbs("is the family of") == "is the family of");
  CHECK(without_adverbs("never").empty());
}

TEST_CASE("passive phrases tell what is done to their heads", "[redundancy]") {
  CHECK(form_of("was founded by").passive == "founded");
  CHECK(form_of("be later find by").passive == "find");  // of lemmas
  CHECK(form_of("has been written by").passive == "written");
  CHECK(form_of("directed by").passive == "directed");
  CHECK(form_of("get embarrass by").passive == "embarrass");
  for (const char* phrase : {"be a novel by", "stand by", "by", "be by", "is the work of", "was founded in",
                             "is in a room by", "founded", "was here by", "is", ""}) {
    CHECK(form_of(phrase).passive.empty());
  }
}

}  // namespace
}  // namespace terse::relsim
