#include "access/rights.hpp"

#include <array>
#include <string>
#include <vector>

#include "access/access.hpp"
#include "base/error.hpp"
#include "catch.hpp"
#include "fault_of.hpp"

using namespace video;
using access::Identity;
using access::Right;
namespace rights = access::rights;

namespace {

constexpr UserId self{7};
constexpr UserId other{8};

Identity session(Role role) {
  return {.kind = Identity::Kind::session, .user = self, .userName = "anna", .role = role};
}
Identity token(Scope scope, Role role = Role::user) {
  return {.kind = Identity::Kind::token, .user = self, .userName = "anna", .role = role, .scope = scope};
}

// One letter for each kind of caller: y allowed, n not allowed, o only for one's own.
struct Row {
  Right right;
  // anonymous, link, session, admin's session, tokens (read, upload, full, admin of a user; metrics), an admin's tokens
  // (read, full, admin), operator, operator as a user
  std::string_view expected;
};

const std::vector<Identity> askers{
    Identity{},
    Identity{.kind = Identity::Kind::link},
    session(Role::user),
    session(Role::admin),
    token(Scope::read),
    token(Scope::upload),
    token(Scope::full),
    token(Scope::admin),
    token(Scope::metrics),
    token(Scope::read, Role::admin),
    token(Scope::full, Role::admin),
    token(Scope::admin, Role::admin),
    Identity{.kind = Identity::Kind::operator_},
    Identity{.kind = Identity::Kind::operator_, .user = self, .userName = "anna"},
};

const std::vector<Row> table{
    //                            -lsA ruFam rFA oO
    {rights::usersAdd, /*        */ "ynyynnyynnyyyy"},
    {rights::usersList, /*       */ "nnnynnnnnnnyyn"},
    {rights::usersShow, /*       */ "nnoyoooonooyyo"},
    {rights::usersRemove, /*     */ "nnoynnoonnoyyo"},
    {rights::sessionsLogin, /*   */ "ynyynnyynnyyyy"},
    {rights::sessionsLogout, /*  */ "nnyyyyyynyyyyy"},
    {rights::sessionsWhoami, /*  */ "nnyyyyyynyyyyy"},
    {rights::tokensCreate, /*    */ "nnoynnoonnoyyo"},
    {rights::tokensRevoke, /*    */ "nnoynnoonnoyyo"},
    {rights::videosAdd, /*       */ "nnoynooonnoyyo"},
    {rights::videosList, /*      */ "nnyyyyyynyyyyy"},
    {rights::videosListOf, /*    */ "yyyyyyyynyyyyy"},
    {rights::videosListHidden, /**/ "nnoyoooonooyyo"},
    {rights::videosListAll, /*   */ "nnoyoooonooyyo"},
    {rights::videosShow, /*      */ "yyyyyyyynyyyyy"},
    {rights::videosShowHidden, /**/ "nnoyoooonooyyo"},
    {rights::videosOpen, /*      */ "yyyyyyyynyyyyy"},
    {rights::videosDelete, /*    */ "nnoynnoonnoyyo"},
    {rights::videosRestore, /*   */ "nnoynnoonnoyyo"},
    {rights::uploadsPut, /*      */ "nyoynooonnoyyo"},
    {rights::commentsPost, /*    */ "nnyynnyynnyyyy"},
    {rights::commentsList, /*    */ "yyyyyyyynyyyyy"},
    {rights::commentsRemove, /*  */ "nnoynnoonnoyyo"},
    {rights::deletionsEnqueue, /**/ "nnnynnnnnnnyyn"},
    {rights::usersChange, "nnoynnoonnoyyo"},
    {rights::usersChangeAny, "nnnynnnnnnnyyn"},
    {rights::usersTransfer, "nnnynnnnnnnyyn"},
    {rights::sessionsList, "nnyyyyyynyyyyy"},
    {rights::sessionsListOf, "nnoyoooonooyyo"},
    {rights::sessionsListAll, "nnnynnnnnnnyyn"},
    {rights::sessionsRevoke, "nnoynnoonnoyyo"},
    {rights::sessionsRevokeOwn, "nnyynnyynnyyyy"},
    {rights::sessionsRevokeAll, "nnnynnnnnnnyyn"},
    {rights::tokensList, "nnyyyyyynyyyyy"},
    {rights::tokensListOf, "nnoyoooonooyyo"},
    {rights::tokensListAll, "nnnynnnnnnnyyn"},
    {rights::tokensRevokeOwn, "nnyynnyynnyyyy"},
    {rights::tokensRevokeAll, "nnnynnnnnnnyyn"},
    {rights::videosNewest, "yyyyyyyynyyyyy"},
    {rights::videosShowSignedIn, "nnyyyyyynyyyyy"},
    {rights::videosShowModerated, "nnnynnnnnnnyyn"},
    {rights::videosSet, /*       */ "nnoynnoonnoyyo"},
    {rights::videosVerify, "nnoynnoonnoyyo"},
    {rights::sharesCreate, "nnoynnoonnoyyo"},
    {rights::sharesList, "nnoyoooonooyyo"},
    {rights::sharesRevoke, "nnoynnoonnoyyo"},
    {rights::deletionsList, /*   */ "nnnynnnnnnnyyn"},
    {rights::deletionsDrain, /*  */ "nnnynnnnnnnyyn"},
};

using test::faultOf;

}  // namespace

TEST_CASE("every right is as in the table, for every kind of caller", "[access]") {
  for (const Row& row : table) {
    REQUIRE(row.expected.size() == askers.size());
    for (std::size_t i = 0; i < askers.size(); ++i) {
      INFO(row.right.operation << ", asker " << i);
      const char expected = row.expected[i];
      CHECK(may(askers[i], row.right, self) == (expected != 'n'));
      CHECK(may(askers[i], row.right, other) == (expected == 'y'));
      CHECK(may(askers[i], row.right) == (expected == 'y'));
    }
  }
}

TEST_CASE("an anonymous caller without the right is unauthenticated, any other is forbidden", "[access]") {
  CHECK(faultOf([] { require(Identity{}, rights::usersList); }) == Fault::unauthenticated);
  CHECK(faultOf([] { require(session(Role::user), rights::usersList); }) == Fault::forbidden);
  CHECK(faultOf([] { require(token(Scope::read), rights::commentsPost); }) == Fault::forbidden);
  CHECK(faultOf([] { require(Identity{.kind = Identity::Kind::link}, rights::usersList); }) == Fault::forbidden);
  CHECK_NOTHROW(require(session(Role::admin), rights::usersList));
  CHECK_THROWS_WITH(require(session(Role::user), rights::usersList), "users.list: not allowed");
}
