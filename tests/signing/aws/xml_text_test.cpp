#include "signing/aws/xml_text.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

TEST(XmlText, FindsAnElementByItsPath) {
  const char* xml =
      "<?xml version=\"1.0\"?><!-- <A> --><n:A xmlns:n='u>v'>\n<B><C>no</C></B><B/>"
      "<D x=\"1>2\"><C> a&amp;b &lt;&#x41;&#66;&#xe9;&#x20AC;&#x1F600;<![CDATA[<&]]>"
      "<!-- x --> </C ></D></n:A>";
  EXPECT_EQ(xml_text(xml, "A/D/C"), " a&b <AB\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80<& ");
  EXPECT_EQ(xml_text(xml, "*/*/C"), "no");
  EXPECT_EQ(xml_text(xml, "A/X"), std::nullopt);
  EXPECT_EQ(xml_text(xml, "C"), std::nullopt);
}

TEST(XmlText, IsEmptyForAnEmptyElement) {
  EXPECT_EQ(xml_text("<A><B/></A>", "A/B"), "");
  EXPECT_EQ(xml_text("<A><B></B></A>", "A/B"), "");
}

TEST(XmlText, IsNothingWhereTheTextIsNotWellFormed) {
  for (const char* xml :
       {"", "text", "<A", "<A>", "<A><B>x</A>", "<A><B>x", "<A><B>x</B", "</A>", "<>x</>",
        "<A><B>x<C/></B></A>", "<!DOCTYPE A><A><B>x</B></A>", "<A><B>&e;</B></A>",
        "<A><B>&</B></A>", "<A><B>&#0;</B></A>", "<A><B>&#xD800;</B></A>", "<A><B>&#x;</B></A>",
        "<A><B>&#1114112;</B></A>", "<A><!-- <B>x</B></A>", "<A><![CDATA[<B>x</B></A>"}) {
    EXPECT_EQ(xml_text(xml, "A/B"), std::nullopt) << xml;
  }
}

}  // namespace
}  // namespace ek
