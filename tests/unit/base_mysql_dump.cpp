#include "base/mysql_dump.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "catch.hpp"
#include "fault_of.hpp"

using namespace video;
using test::faultOf;

namespace {

struct Dumped {
  std::vector<MysqlRow> rows;
  std::string charset;
};

Dumped dumpedIn(std::string_view dump, std::size_t piece) {
  Dumped dumped;
  MysqlDumpReader reader([&](const MysqlRow& row) { dumped.rows.push_back(row); });
  for (; !dump.empty(); dump.remove_prefix(std::min(piece, dump.size())))
    reader.add(std::as_bytes(std::span(dump.substr(0, piece))));
  reader.finish();
  dumped.charset = reader.charset();
  return dumped;
}

// Returns the values of the only row that a dump inserts into a table of columns a, b …
std::vector<std::optional<std::string>> valuesOf(const std::string& values) {
  std::string columns = "a";
  int depth = 0;
  for (const char c : values)
    if (c == '|') columns += std::string(", c") + std::to_string(++depth);
  std::string list = values;
  std::replace(list.begin(), list.end(), '|', ',');
  const auto rows = dumpedIn("INSERT INTO t (" + columns + ") VALUES (" + list + ");", 1).rows;
  REQUIRE(rows.size() == 1);
  return rows.front().values;
}

const std::string site = R"(-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
/*M!999999\- enable the sandbox mode */
/*!50503 SET NAMES utf8mb4 */;
# a note; with 'quotes
DROP TABLE IF EXISTS `users`;
CREATE TABLE `users` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `Login_Name` varchar(64) DEFAULT 'a,b);',
  `pwd` text /*!80016 INVISIBLE */,
  `cost` decimal(10,2) NOT NULL,
  PRIMARY KEY (`id`,`Login_Name`),
  UNIQUE KEY `login_name` (`Login_Name`),
  CONSTRAINT `c` CHECK (`id` > 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='; INSERT INTO x VALUES (1);';
LOCK TABLES `users` WRITE;
/*!40000 ALTER TABLE `users` DISABLE KEYS */;
INSERT INTO `users` VALUES (1,'o\'hara','it''s; \\ \"',1.50),(2,'王小明',NULL,-2e+3);
UNLOCK TABLES;
DELIMITER ;;
CREATE TRIGGER t AFTER INSERT ON users FOR EACH ROW BEGIN
  INSERT INTO users VALUES (new.id);
END ;;
DELIMITER ;
insert ignore into `site`.VIDEO_DEL_REC (`VIDEO_ID`) values
('7f3a');
-- Dump completed)";

}  // namespace

TEST_CASE("the rows of a dump are read in pieces of any size") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, site.size()}) {
    CAPTURE(piece);
    const Dumped dumped = dumpedIn(site, piece);
    REQUIRE(dumped.rows.size() == 3);
    CHECK(dumped.charset == "utf8mb4");
    CHECK(dumped.rows[0].table == "users");
    CHECK(dumped.rows[0].columns == std::vector<std::string>{"id", "login_name", "pwd", "cost"});
    using Values = std::vector<std::optional<std::string>>;
    CHECK(dumped.rows[0].values == Values{"1", "o'hara", "it's; \\ \"", "1.50"});
    CHECK(dumped.rows[1].values == Values{"2", "王小明", std::nullopt, "-2e+3"});
    CHECK(dumped.rows[2].table == "VIDEO_DEL_REC");
    CHECK(dumped.rows[2].columns == std::vector<std::string>{"video_id"});
    CHECK(dumped.rows[2].values == Values{"7f3a"});
  }
}

TEST_CASE("every form of literal in a dump has its value") {
  using Values = std::vector<std::optional<std::string>>;
  CHECK(valuesOf(R"('\0\b\n\r\t\Z\%\_\q')") == Values{std::string("\0\b\n\r\t\x1a\\%\\_q", 11)});
  CHECK(valuesOf("0x4a4B|X'4a4b'|x''|_binary 'ab'|_binary 0xFF") == Values{"JK", "JK", "", "ab", "\xff"});
  CHECK(valuesOf("b'101'|0b1|-1|+2|.5|6.e1|null|\"a\"\"b\"") ==
        Values{"\5", "\1", "-1", "+2", ".5", "6.e1", std::nullopt, "a\"b"});
}

TEST_CASE("SET NAMES outside of a comment gives the character set too") {
  CHECK(dumpedIn("SET NAMES latin1;", 1).charset == "latin1");
  CHECK(dumpedIn("SET SQL_MODE='NAMES'; SET x = 1;", 1).charset.empty());
}

TEST_CASE("an INSERT that cannot be read is refused, with its line") {
  for (const char* dump :
       {"INSERT INTO t VALUES (1);", "INSERT INTO t (a) VALUES (1,2);", "INSERT INTO t (a,b) VALUES (1);",
        "INSERT INTO t (a) VALUES (now());", "INSERT INTO t (a) SELECT 1;", "INSERT INTO t SET a = 1;",
        "INSERT INTO t (a) VALUES ();", "INSERT INTO t (a) VALUES (0xzz);", "INSERT INTO t (a) VALUES (b'2');",
        "INSERT INTO t (a) VALUES ('x' 'y');", "INSERT INTO t (a) VALUES (1)", "INSERT INTO t (a) VALUES ('x",
        "INSERT INTO t (a) VALUES (1-2);", "/* open", "CREATE TABLE t (a int"}) {
    CAPTURE(dump);
    CHECK(faultOf([&] { dumpedIn(dump, 1); }) == Fault::malformed);
  }
  try {
    dumpedIn("SET x = 1;\n\nINSERT INTO t (a) VALUES ('1\n2', 3);", 100);
    FAIL("a row with too many values is read");
  } catch (const Error& error) {
    CHECK(error.detail() == "mysqldump: line 4: a row of table t has more values than columns");
  }
}

TEST_CASE("a value over the limit is refused before it is kept") {
  MysqlDumpReader reader([](const MysqlRow&) {});
  const std::string much(1 << 20, 'x');
  const auto add = [&](std::string_view text) { reader.add(std::as_bytes(std::span(text))); };
  add("INSERT INTO t (a) VALUES ('");
  for (std::size_t i = 0; i < MysqlDumpReader::valueLimit; i += much.size()) add(much);
  CHECK(faultOf([&] { add("x"); }) == Fault::malformed);
}

TEST_CASE("dumps made by MariaDB, in each form, hold the same rows") {
  const auto rowsOf = [](const std::string& name) {
    std::ifstream file(std::string(VIDEO_SOURCE_DIR "/tests/dumps/") + name, std::ios::binary);
    const Dumped dumped = dumpedIn(std::string{std::istreambuf_iterator<char>(file), {}}, 64);
    CHECK(dumped.charset == (name == "ansi.dump" ? "" : "utf8mb4"));
    std::map<std::string, std::vector<std::vector<std::optional<std::string>>>> rows;
    for (const MysqlRow& row : dumped.rows) rows[row.table].push_back(row.values);
    return rows;
  };
  auto plain = rowsOf("plain.dump");
  CHECK(plain.size() == 5);
  using Rows = std::vector<std::vector<std::optional<std::string>>>;
  CHECK(plain["users"] == Rows{{"1", "ada", "secret"},
                               {"2", "o'hara", "it's; \\ \"x\""},
                               {"3", "王小明", "密码"},
                               {"4", std::string("a\nb\t\x1a\0c", 7), ""}});
  CHECK(plain["video_info"].at(1).at(2) == "在湖边 🏖");
  CHECK(plain["video_info"].at(2) == Rows::value_type{"gone", "2", std::nullopt, "", std::nullopt});
  CHECK(plain["comments"].at(0).at(3) == "Sunny!\r\n); INSERT INTO users VALUES (9,'x','y');");
  CHECK(plain["sessions"] == Rows{{"5e1", "1795000000000", "ada"}});
  CHECK(plain["video_del_rec"] == Rows{{"gone"}});
  for (const char* name : {"complete.dump", "hex.dump", "ansi.dump"}) {
    CAPTURE(name);
    CHECK(rowsOf(name) == plain);
  }
}
