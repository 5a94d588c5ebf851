#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "access/access.hpp"
#include "access/rows.hpp"
#include "base/error.hpp"
#include "catch.hpp"
#include "fault_of.hpp"
#include "sessions/rows.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "store/migrations.hpp"
#include "tokens/rows.hpp"
#include "users/rows.hpp"

using namespace video;
using namespace std::chrono_literals;
using access::Access;
using access::Identity;

namespace {

class TestClock : public Clock {
 public:
  Time now() const override { return Time{std::chrono::milliseconds{now_.load()}}; }
  void pass(std::chrono::milliseconds time) { now_ += time.count(); }

 private:
  std::atomic<std::int64_t> now_{1'800'000'000'000};
};

std::string startSession(store::Transaction& t, Access& access, UserId user, const std::string& name) {
  const access::NewSecret secret = access::makeSessionSecret();
  video::rows::addSession(t, secret.hash, user, name, access.now(), access.options().newSessionTtl());
  return secret.text;
}

CreatedToken createToken(store::Transaction& t, Access& access, UserId user, const std::string& label, Scope scope,
                         std::optional<Time> expires) {
  NewToken wanted{.user = {}, .label = label, .scope = scope, .expires = {}};
  if (expires) wanted.expires = *expires;
  const access::NewSecret secret = access::makeTokenSecret();
  const TokenId id = video::rows::addToken(t, secret.hash, user, wanted, access.now());
  return {id, label, scope, wanted.expires, secret.text};
}

// A process on a data directory, with its own connections and cache.
struct Process {
  Process(const std::filesystem::path& path, const access::AccessOptions& options, const Clock& clock)
      : database(store::DataDirectory::open(path, store::Hold::shared), {.synchronous = store::Synchronous::normal}),
        access(std::make_unique<Access>(database, options, clock)) {}
  store::Database database;
  std::unique_ptr<Access> access;

  template <class Work>
  auto write(Work&& work) {
    return database.write(store::Purpose::keep, std::forward<Work>(work));
  }
  Identity who(const std::string& secret) { return access->identify(Secret{secret}); }
  std::string signIn(UserId user, const std::string& name = "Anna") {
    return write([&](store::Transaction& t) { return startSession(t, *access, user, name); });
  }
  CreatedToken token(UserId user, Scope scope, std::optional<Time> expires = {}) {
    return write([&](store::Transaction& t) { return createToken(t, *access, user, "cron", scope, expires); });
  }
  std::int64_t number(const std::string& sql) {
    return database.read([&](store::Reader& reader) {
      store::Query query = reader.query(sql);
      return query.next() && !query.isNull(0) ? query.integer(0) : -1;
    });
  }
  void run(const std::string& sql) {
    write([&](store::Transaction& t) { t.query(sql).run(); });
  }
};

struct Site {
  Site() {
    static std::atomic<int> count = 0;
    path = std::filesystem::temp_directory_path() /
           ("videod-access-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    store::DataDirectory::create(path);
    open();
    process->run("INSERT INTO users (id, login_name, pwd, role, create_time) VALUES (1, 'Anna', '', 'user', 0)");
    process->run("INSERT INTO users (id, login_name, pwd, role, create_time) VALUES (2, 'Bert', '', 'admin', 0)");
  }
  ~Site() {
    process.reset();
    std::filesystem::remove_all(path);
  }
  void open() { process = std::make_unique<Process>(path, options, clock); }

  std::filesystem::path path;
  access::AccessOptions options;
  TestClock clock;
  std::unique_ptr<Process> process;
};

std::string hexOf(const access::SecretKey& key) {
  return toHex({reinterpret_cast<const char*>(key.data()), key.size()});
}

constexpr UserId anna{1};
constexpr UserId bert{2};

using test::faultOf;

}  // namespace

TEST_CASE("credentials without a secret are identified", "[access]") {
  Site site;
  Access& access = *site.process->access;
  CHECK(access.identify(Anonymous{}).kind == Identity::Kind::anonymous);
  CHECK(access.identify(SignedLink{"0", "1", "x"}).kind == Identity::Kind::link);
  CHECK_FALSE(access.identify(Operator{}).isUser());
  const Identity as = access.identify(Operator{"anna"});
  CHECK(as.kind == Identity::Kind::operator_);
  CHECK(as.user == anna);
  CHECK(as.userName == "Anna");
  CHECK_THROWS_WITH(access.identify(Operator{"carl"}), "user carl: not found");
  CHECK(faultOf([&] { access.identify(Operator{"\xff"}); }) == Fault::notFound);
  site.process->run("UPDATE users SET deleted = 1 WHERE id = 1");
  CHECK(faultOf([&] { access.identify(Operator{"anna"}); }) == Fault::notFound);
  site.process->write([&](store::Transaction& t) {
    CHECK(access.identify(t, Anonymous{}).kind == Identity::Kind::anonymous);
    CHECK(access.identify(t, Operator{"bert"}).role == Role::admin);
  });
}

TEST_CASE("a session identifies its user, and only its hash is stored", "[access]") {
  Site site;
  Process& process = *site.process;
  const std::string secret = process.signIn(anna);
  CHECK(secret.size() == 43);
  for (int i = 0; i < 2; ++i) {
    const Identity who = process.who(secret);
    CHECK(who.kind == Identity::Kind::session);
    CHECK(who.user == anna);
    CHECK(who.userName == "Anna");
    CHECK(who.role == Role::user);
    CHECK(who.expires == site.clock.now() + 30min);
    CHECK(hexOf(who.key).size() == 64);
  }
  process.write([&](store::Transaction& t) { CHECK(process.access->identify(t, Secret{secret}).user == anna); });
  CHECK(process.number("SELECT count(*) FROM sessions WHERE session_id = '" + secret + "'") == 0);
  CHECK(process.number("SELECT count(*) FROM sessions WHERE session_id = '" + hexOf(process.who(secret).key) + "'") ==
        1);
  CHECK(process.number("SELECT length(public_id) FROM sessions") == 12);
}

TEST_CASE("an unknown or malformed secret is unauthenticated", "[access]") {
  Site site;
  Process& process = *site.process;
  const std::string session = process.signIn(anna);
  const std::string token = process.token(anna, Scope::full).token;
  CHECK(token.starts_with("vdt_"));
  for (const std::string& secret :
       {std::string(), std::string("x"), std::string(43, 'A'), session + "A", session.substr(1), "vdt_" + session,
        token.substr(4), std::string(100'000, 'x'), std::string(43, '\0'), std::string(43, '\xff')}) {
    CHECK(faultOf([&] { process.who(secret); }) == Fault::unauthenticated);
    process.write([&](store::Transaction& t) {
      CHECK(faultOf([&] { process.access->identify(t, Secret{secret}); }) == Fault::unauthenticated);
    });
  }
}

TEST_CASE("a token has a scope, an expiry and a last use", "[access]") {
  Site site;
  Process& process = *site.process;
  const CreatedToken made = process.token(bert, Scope::upload, site.clock.now() + 1h);
  CHECK(made.id.text.size() == 12);
  CHECK(made.label == "cron");
  CHECK(made.expires == site.clock.now() + 1h);
  const Identity who = process.who(made.token);
  CHECK(who.kind == Identity::Kind::token);
  CHECK(who.scope == Scope::upload);
  CHECK(who.role == Role::admin);
  CHECK(process.database.read([&](store::Reader& r) { return video::rows::findTokenOwner(r, made.id); }) == bert);
  CHECK_FALSE(process.database.read([&](store::Reader& r) { return video::rows::findTokenOwner(r, TokenId{"x"}); }));
  site.clock.pass(1h - 1ms);
  CHECK_NOTHROW(process.who(made.token));
  site.clock.pass(1ms);
  CHECK(faultOf([&] { process.who(made.token); }) == Fault::unauthenticated);
  CHECK(process.number("SELECT count(*) FROM tokens") == 1);

  CHECK_FALSE(process.token(anna, Scope::read).expires);
}

TEST_CASE("a token's last use is written at most once a minute", "[access]") {
  Site site;
  const std::string token = site.process->token(anna, Scope::read).token;
  const auto lastUsed = [&] {
    site.open();  // closing flushes pending writes
    return site.process->number("SELECT last_used FROM tokens");
  };
  const Time first = site.clock.now();
  site.process->who(token);
  CHECK(lastUsed() == first.time_since_epoch().count());
  site.clock.pass(59s);
  site.process->who(token);
  CHECK(lastUsed() == first.time_since_epoch().count());
  site.clock.pass(1s);
  site.process->who(token);
  CHECK(lastUsed() == (first + 1min).time_since_epoch().count());
}

TEST_CASE("a session that is used is extended at most once a minute", "[access]") {
  Site site;
  const std::string secret = site.process->signIn(anna);
  const Time begun = site.clock.now();
  const auto expiry = [&] {
    site.open();
    return Time{std::chrono::milliseconds{site.process->number("SELECT TTL FROM sessions")}};
  };
  site.clock.pass(59s);
  site.process->who(secret);
  CHECK(expiry() == begun + 30min);
  site.clock.pass(1s);
  site.process->who(secret);
  site.process->who(secret);
  CHECK(expiry() == begun + 31min);
  for (int i = 0; i < 4; ++i) {
    site.clock.pass(20min);
    site.process->who(secret);
    CHECK(expiry() == site.clock.now() + 30min);
  }
  // Extensions do not change the epoch, because they revoke nothing.
  CHECK(site.process->number("SELECT epoch FROM rights_epoch") == 1);
}

TEST_CASE("a session that is used all the time ends at its maximum", "[access]") {
  Site site;
  site.options.sessionMax = 2h;
  site.open();
  const std::string secret = site.process->signIn(anna);
  const Time begun = site.clock.now();
  for (int i = 0; i < 8; ++i) {
    site.clock.pass(14min);
    const Identity who = site.process->who(secret);
    CHECK(who.latest == begun + 2h);
    site.open();
    CHECK(site.process->who(secret).expires == std::min(site.clock.now() + 30min, begun + 2h));
  }
  const auto commits = [&] { return site.process->database.counters().operations; };
  const auto before = commits();
  site.clock.pass(7min);
  site.process->who(secret);
  CHECK(site.process->number("SELECT TTL FROM sessions") == (begun + 2h).time_since_epoch().count());
  CHECK(commits() == before);  // there is nothing left to extend
  site.clock.pass(1min);
  CHECK(faultOf([&] { site.process->who(secret); }) == Fault::unauthenticated);
}

TEST_CASE("a maximum also ends the sessions that were begun without one, in the cache too", "[access]") {
  Site site;
  site.options.sessionTtl = 90min;
  site.options.sessionMax = 0ms;
  site.open();
  const std::string secret = site.process->signIn(anna);
  const CreatedToken token = site.process->token(anna, Scope::full);
  CHECK_FALSE(site.process->who(secret).latest);
  site.options.sessionMax = 1h;
  site.open();
  site.process->access->load();
  site.clock.pass(59min);
  CHECK(site.process->who(secret).expires == site.clock.now() + 1min);
  site.process->write([&](store::Transaction& t) { site.process->access->identify(t, Secret{secret}); });
  site.clock.pass(1min);
  CHECK(faultOf([&] { site.process->who(secret); }) == Fault::unauthenticated);
  site.process->write([&](store::Transaction& t) {
    CHECK(faultOf([&] { site.process->access->identify(t, Secret{secret}); }) == Fault::unauthenticated);
  });
  CHECK_FALSE(site.process->who(token.token).latest);
}

TEST_CASE("a new session lasts no longer than the maximum", "[access]") {
  Site site;
  site.options.sessionMax = 10min;
  site.open();
  const std::string secret = site.process->signIn(anna);
  CHECK(site.process->who(secret).expires == site.clock.now() + 10min);
}

TEST_CASE("a session that does not slide ends at its original expiry", "[access]") {
  Site site;
  site.options.slidingSessions = false;
  site.open();
  const std::string secret = site.process->signIn(anna);
  site.clock.pass(29min);
  site.process->who(secret);
  site.open();
  CHECK(site.process->who(secret).expires == site.clock.now() + 1min);
  site.clock.pass(1min);
  CHECK(faultOf([&] { site.process->who(secret); }) == Fault::unauthenticated);
}

TEST_CASE("an expired session is refused and removed when it is used", "[access]") {
  Site site;
  const std::string secret = site.process->signIn(anna);
  const std::string otherSecret = site.process->signIn(anna);
  site.process->who(secret);
  site.clock.pass(30min);
  site.process->write([&](store::Transaction& t) {
    CHECK(faultOf([&] { site.process->access->identify(t, Secret{secret}); }) == Fault::unauthenticated);
  });
  CHECK(faultOf([&] { site.process->who(secret); }) == Fault::unauthenticated);
  site.open();
  CHECK(site.process->number("SELECT count(*) FROM sessions") == 1);
  CHECK(faultOf([&] { site.process->who(secret); }) == Fault::unauthenticated);
  CHECK(faultOf([&] { site.process->who(otherSecret); }) == Fault::unauthenticated);
}

TEST_CASE("an expired cache entry is checked against the database", "[access]") {
  Site site;
  const std::string secret = site.process->signIn(anna);
  site.process->who(secret);
  Process second(site.path, site.options, site.clock);
  site.clock.pass(20min);
  second.who(secret);
  second.access.reset();
  site.clock.pass(15min);
  CHECK(site.process->who(secret).expires == site.clock.now() + 15min);
}

TEST_CASE("a credential revoked by another process is refused at the next request", "[access]") {
  Site site;
  Process& first = *site.process;
  Process second(site.path, site.options, site.clock);
  const std::string secret = first.signIn(anna);
  const CreatedToken token = first.token(anna, Scope::full);
  const auto both = [&](const std::string& text, bool good) {
    for (Process* process : {&first, &second}) {
      if (good)
        CHECK_NOTHROW(process->who(text));
      else
        CHECK(faultOf([&] { process->who(text); }) == Fault::unauthenticated);
    }
  };
  both(secret, true);
  both(token.token, true);

  SECTION("a sign-out") {
    second.write([&](store::Transaction& t) {
      video::rows::removeSession(t, access::hashOf(second.access->identify(t, Secret{secret})));
    });
    both(secret, false);
    both(token.token, true);
  }
  SECTION("a token that ends itself") {
    second.write([&](store::Transaction& t) {
      video::rows::removeToken(t, access::hashOf(second.access->identify(t, Secret{token.token})));
    });
    both(token.token, false);
    both(secret, true);
  }
  SECTION("a token by its id") {
    second.write([&](store::Transaction& t) { video::rows::removeToken(t, token.id); });
    both(token.token, false);
    both(secret, true);
    CHECK(second.write([&](store::Transaction& t) { return video::rows::removeToken(t, token.id); }) == 0);
  }
  SECTION("all of a user's") {
    const std::string other = first.signIn(bert, "Bert");
    second.write([&](store::Transaction& t) { video::rows::removeCredentialsOf(t, anna); });
    both(secret, false);
    both(token.token, false);
    both(other, true);
  }
  SECTION("a disabled user") {
    second.write([&](store::Transaction& t) {
      t.query("UPDATE users SET disabled = 1 WHERE id = 1").run();
      video::rows::rightsChanged(t);
    });
    both(secret, false);
    both(token.token, false);
  }
  SECTION("a deleted user") {
    second.write([&](store::Transaction& t) {
      t.query("UPDATE users SET deleted = 1 WHERE id = 1").run();
      video::rows::rightsChanged(t);
    });
    both(secret, false);
  }
  SECTION("a role") {
    second.write([&](store::Transaction& t) {
      t.query("UPDATE users SET role = 'admin' WHERE id = 1").run();
      video::rows::rightsChanged(t);
    });
    CHECK(first.who(secret).role == Role::admin);
  }
  SECTION("not by a change that was undone") {
    CHECK_THROWS(second.write([&](store::Transaction& t) {
      video::rows::removeCredentialsOf(t, anna);
      throw Error(Fault::conflict);
    }));
    both(secret, true);
  }
}

TEST_CASE("ordinary writes invalidate nothing in the cache", "[access]") {
  Site site;
  Process& process = *site.process;
  const std::string secret = process.signIn(anna);
  process.who(secret);
  // Changes the row without changing the epoch, so that only the cache can still return the old value.
  process.run("UPDATE users SET role = 'admin' WHERE id = 1");
  process.signIn(bert);
  CHECK(process.who(secret).role == Role::user);
  process.write([&](store::Transaction& t) { video::rows::rightsChanged(t); });
  CHECK(process.who(secret).role == Role::admin);
}

TEST_CASE("live sessions are loaded into the cache at start, and end like any other", "[access]") {
  Site site;
  const std::string expired = site.process->signIn(anna);
  site.clock.pass(29min);
  const std::string first = site.process->signIn(anna);
  const std::string second = site.process->signIn(bert, "Bert");
  site.process->run("INSERT INTO users (id, login_name, pwd, disabled, create_time) VALUES (3, 'Carl', '', 1, 0)");
  const std::string disabled = site.process->signIn(UserId{3}, "Carl");
  site.clock.pass(2min);
  site.open();
  Process& process = *site.process;
  CHECK(process.access->load() == 2);
  // Without changing the epoch, so that only the cache can still know them.
  process.run("UPDATE users SET login_name = 'Other' WHERE id = 1");
  CHECK(process.who(first).userName == "Anna");
  CHECK(process.who(second).role == Role::admin);
  for (const std::string& over : {expired, disabled})
    CHECK(faultOf([&] { process.who(over); }) == Fault::unauthenticated);
  process.write([&](store::Transaction& t) { video::rows::removeCredentialsOf(t, anna); });
  CHECK(faultOf([&] { process.who(first); }) == Fault::unauthenticated);
  CHECK(process.who(second).userName == "Bert");

  site.options.sessionCache = 1;
  site.open();
  site.process->signIn(bert, "Bert");
  CHECK(site.process->access->load() == 1);
  site.process->access->loadInBackground();
  CHECK(site.process->who(second).userName == "Bert");
}

TEST_CASE("the sweep removes expired sessions in steps", "[access]") {
  Site site;
  Process& process = *site.process;
  for (int i = 0; i < 5; ++i) process.signIn(anna);
  site.clock.pass(10min);
  const std::string late = process.signIn(anna);
  site.clock.pass(20min);
  const auto sweep = [&](std::int64_t limit) {
    return process.write(
        [&](store::Transaction& t) { return video::rows::removeExpiredSessions(t, process.access->now(), limit); });
  };
  CHECK(sweep(3) == 3);
  CHECK(sweep(3) == 2);
  CHECK(sweep(3) == 0);
  CHECK_NOTHROW(process.who(late));
}

TEST_CASE("a user has at most 500 sessions and 500 tokens, so that revoking all is one short transaction", "[access]") {
  Site site;
  Process& process = *site.process;
  const std::string first = process.signIn(anna);
  const std::string other = process.signIn(bert, "Bert");
  site.clock.pass(1s);
  const std::string second = process.signIn(anna);
  CHECK_NOTHROW(process.who(first));
  for (int i = 2; i < 501; ++i) process.signIn(anna);
  CHECK(process.number("SELECT count(*) FROM sessions WHERE user_id = " + std::to_string(anna.value)) == 500);
  CHECK_THROWS_AS(process.who(first), Error);
  CHECK_NOTHROW(process.who(second));
  CHECK_NOTHROW(process.who(other));

  const std::string brief = process.token(anna, Scope::read, site.clock.now() + 1min).token;
  for (int i = 1; i < 500; ++i) process.token(anna, Scope::read);
  CHECK_THROWS_AS(process.token(anna, Scope::read), Error);
  site.clock.pass(2min);
  CHECK_NOTHROW(process.token(anna, Scope::read));  // replaces the expired one
  CHECK_THROWS_AS(process.token(anna, Scope::read), Error);
}

TEST_CASE("sessions may be checked and revoked from many threads", "[access]") {
  Site site;
  Process& process = *site.process;
  Process second(site.path, site.options, site.clock);
  std::vector<std::string> secrets;
  for (int i = 0; i < 8; ++i) secrets.push_back(process.signIn(anna));
  std::vector<std::atomic<bool>> ended(secrets.size());
  std::atomic<int> wrong = 0;
  std::atomic<bool> stop = false;
  std::vector<std::jthread> threads;
  for (int n = 0; n < 3; ++n)
    threads.emplace_back([&, n] {
      for (std::size_t i = static_cast<std::size_t>(n); !stop; ++i) {
        const std::size_t which = i % secrets.size();
        const bool gone = ended[which];
        try {
          process.who(secrets[which]);
          if (gone) ++wrong;
        } catch (const Error& error) {
          if (error.fault() != Fault::unauthenticated) ++wrong;
        }
        site.clock.pass(10ms);
      }
    });
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    second.write([&](store::Transaction& t) {
      video::rows::removeSession(t, access::hashOf(second.access->identify(t, Secret{secrets[i]})));
    });
    ended[i] = true;
  }
  stop = true;
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE("an upload link is signed and checked with the key of the data directory", "[access]") {
  Site site;
  Access& access = *site.process->access;
  const std::string link = access.uploadLink(VideoId{"v1"}, UserId{1});
  REQUIRE(link.starts_with("?share=0.1&exp="));
  const std::string expires = link.substr(15, link.find('&', 15) - 15);
  const SignedLink signedLink{"0.1", expires, link.substr(link.find("&sig=") + 5)};
  CHECK(expires ==
        std::to_string(std::chrono::ceil<std::chrono::seconds>(site.clock.now() + 1h).time_since_epoch().count()));
  const auto check = [&](Process& process, const char* video) {
    process.database.read(
        [&](store::Reader& reader) { process.access->checkLink(reader, signedLink, VideoId{video}, "upload"); });
  };
  CHECK_NOTHROW(check(*site.process, "v1"));
  CHECK(faultOf([&] { check(*site.process, "v2"); }) == Fault::forbidden);
  Process second(site.path, site.options, site.clock);
  CHECK_NOTHROW(check(second, "v1"));
  site.clock.pass(1h + 1s);
  CHECK(faultOf([&] { check(*site.process, "v1"); }) == Fault::forbidden);
}
