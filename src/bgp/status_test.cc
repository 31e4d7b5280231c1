#include "bgp/status.h"

#include "base/file.h"

namespace weft::bgp {
namespace {

using testing::ElementsAre;

constexpr std::string_view protocols_text =
    "2002-Name       Proto      Table      State  Since         Info\n"
    "1002-device1    Device     ---        up     02:00:00.000  \n"
    "1006-\n"
    "1002-Mesh_10_0_0_10 BGP        ---        up     02:00:12.345  Established   \n"
    "1006-  BGP state:          Established\n"
    "     Neighbor address: 10.0.0.10\n"
    "     Neighbor AS:      64512\n"
    "     Neighbor graceful restart active\n"
    " \n"
    "1002-Mesh_10_0_0_2 BGP        ---        start  02:00:13.000  Active        Socket: Connection refused\n"
    "1006-  BGP state:          Active\n"
    "     Neighbor address: 10.0.0.2\n"
    " \n"
    "1002-theirs BGP        ---        up     02:00:12.345  Established   \n"
    "1006-    Neighbor address: 10.0.0.3\n"
    " \n"
    "0000 \n";

Reply reply(std::string_view text) {
  const auto taken = take_reply(text);
  EXPECT_TRUE(taken.has_value());
  EXPECT_TRUE(text.empty());
  return taken.value_or(Reply{});
}

TEST(Control, WaitsForTheWholeReply) {
  for (std::size_t size = 0; size < protocols_text.size(); ++size) {
    std::string_view part = protocols_text.substr(0, size);

    const auto taken = take_reply(part);

    ASSERT_FALSE(taken.has_value()) << size;
    EXPECT_EQ(taken.error().code, Code::unavailable) << taken.error().message;
    EXPECT_EQ(part.size(), size);
  }
}

TEST(Control, PassesOverWhatHappenedMeanwhile) {
  EXPECT_THAT(reply("+log line\n0013 Daemon is up and running\n"),
              ElementsAre(ReplyLine{13, "Daemon is up and running"}));
}

TEST(Control, RefusesWhatIsNoReply) {
  std::string_view text = "HTTP/1.1 400 Bad Request\n";
  const auto taken = take_reply(text);
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, Code::invalid);
}

TEST(Control, ReadsTheStatus) {
  const Status status =
      parse_status(reply("1000-BIRD 2.0.12\n1011-Router ID is 10.0.0.1\n Hostname is node1\n Last reboot on 2026-11-24 "
                         "01:00:00\n Last reconfiguration on 2026-11-24 01:30:00\n"
                         "0013 Daemon is up and running\n"));

  EXPECT_EQ(status,
            (Status{"2.0.12", "10.0.0.1", "Daemon is up and running", "2026-11-24 01:00:00", "2026-11-24 01:30:00"}));
}

TEST(Control, ReadsProtocolsWithTheirDetails) {
  const auto protocols = parse_protocols(reply(protocols_text));

  ASSERT_EQ(protocols.size(), 4u);
  EXPECT_EQ(protocols[0].name, "device1");
  EXPECT_EQ(protocols[2].state, "start");
  EXPECT_EQ(protocols[2].info, "Active Socket: Connection refused");
  EXPECT_EQ(protocols[1].detail("Neighbor AS"), "64512");
}

TEST(Control, SaysThatNobodyListens) {
  const auto control = Control::connect("/nowhere/bird.ctl");

  ASSERT_FALSE(control.has_value());
  EXPECT_EQ(control.error().code, Code::not_found);
}

TEST(Status, KnowsWhoseRoutesAreOfBeforeARestart) {
  const auto peers = peer_statuses(parse_protocols(reply(protocols_text)));

  ASSERT_EQ(peers.size(), 2u);
  EXPECT_FALSE(peers[0].restarting);
  EXPECT_TRUE(peers[1].restarting);
}

TEST(Status, ShowsPeersAsCalicoctlDoes) {
  EXPECT_EQ(peer_tables(peer_statuses(parse_protocols(reply(protocols_text)))),
            "IPv4 BGP status\n"
            "+--------------+-------------------+-------+--------------+-----------------------------------+\n"
            "| PEER ADDRESS |     PEER TYPE     | STATE |    SINCE     |               INFO                |\n"
            "+--------------+-------------------+-------+--------------+-----------------------------------+\n"
            "| 10.0.0.2     | node-to-node mesh | start | 02:00:13.000 | Active Socket: Connection refused |\n"
            "| 10.0.0.10    | node-to-node mesh | up    | 02:00:12.345 | Established                       |\n"
            "+--------------+-------------------+-------+--------------+-----------------------------------+\n"
            "\n"
            "IPv6 BGP status\n"
            "No IPv6 peers found.\n"
            "\n");
}

}  // namespace
}  // namespace weft::bgp
