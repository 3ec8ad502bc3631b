using System.Text;
using Tare.Errors;
using Tare.Oci.Runtime;

namespace Tare.Oci.Tests.Runtime;

public sealed class SpecReaderErrorTests
{
    [Theory]
    // Types.
    [InlineData("[]", "config.json, line 1, column 1: the document is a list, but must be an object")]
    [InlineData("null", "config.json, line 1, column 1: the document is null, but must be an object")]
    [InlineData("\n  \"x\"", "config.json, line 2, column 3: the document is \"x\", but must be an object")]
    [InlineData("{\"ociVersion\":1}", "config.json, line 1, column 15: ociVersion is 1, but must be a string")]
    [InlineData("{\"linux\":{\"resources\":{\"memory\":\n{\"limit\":\"512m\"}}}}", "config.json, line 2, column 10: linux.resources.memory.limit is \"512m\", but must be a number of bytes")]
    [InlineData("{\"process\":{\"args\":\"sh\"}}", "config.json, line 1, column 20: process.args is \"sh\", but must be a list of strings")]
    [InlineData("{\"process\":{\"args\":[\"sh\",null]}}", "config.json, line 1, column 26: process.args[1] is null, but must be a string")]
    [InlineData("{\"process\":{\"terminal\":\"yes\"}}", "config.json, line 1, column 24: process.terminal is \"yes\", but must be true or false")]
    [InlineData("{\"mounts\":[{\"destination\":\"/a\"},{\"destination\":\"/b\",\"options\":[\"ro\",[]]}]}", "config.json, line 1, column 69: mounts[1].options[1] is a list, but must be a string")]
    [InlineData("{\"mounts\":[7]}", "config.json, line 1, column 12: mounts[0] is 7, but must be a mount, an object")]
    [InlineData("{\"annotations\":{\"com.example/x\":true}}", "config.json, line 1, column 33: annotations[\"com.example/x\"] is true, but must be a string")]
    [InlineData("{\"linux\":{\"netDevices\":{\"eth0\":{\"name\":23}}}}", "config.json, line 1, column 40: linux.netDevices.eth0.name is 23, but must be a string")]
    [InlineData("{\"linux\":{\"resources\":{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":\"none\"}}}}}", "config.json, line 1, column 55: linux.resources.rdma.mlx5_1.hcaHandles is \"none\", but must be a number")]
    // Numbers.
    [InlineData("{\"process\":{\"user\":{\"uid\":-1}}}", "config.json, line 1, column 27: process.user.uid is -1, but must be an id, whole and from 0 to 4294967295")]
    [InlineData("{\"process\":{\"user\":{\"uid\":4294967296}}}", "config.json, line 1, column 27: process.user.uid is 4294967296, but must be an id, whole and from 0 to 4294967295")]
    [InlineData("{\"process\":{\"oomScoreAdj\":1e3}}", "config.json, line 1, column 27: process.oomScoreAdj is 1e3, but must be a number, whole and from -2147483648 to 2147483647")]
    [InlineData("{\"process\":{\"oomScoreAdj\":1.0}}", "config.json, line 1, column 27: process.oomScoreAdj is 1.0, but must be a number, whole and from -2147483648 to 2147483647")]
    [InlineData("{\"linux\":{\"resources\":{\"memory\":{\"swap\":9223372036854775808}}}}", "config.json, line 1, column 41: linux.resources.memory.swap is 9223372036854775808, but must be a number of bytes, whole and from -9223372036854775808 to 9223372036854775807")]
    [InlineData("{\"linux\":{\"resources\":{\"blockIO\":{\"weight\":70000}}}}", "config.json, line 1, column 44: linux.resources.blockIO.weight is 70000, but must be a number, whole and from 0 to 65535")]
    // Members.
    [InlineData("{}", "config.json, line 1, column 1: the document has no \"ociVersion\", which is required")]
    [InlineData("{\"ociVersion\":null}", "config.json, line 1, column 1: the document has no \"ociVersion\", which is required")]
    [InlineData("{\"ociVersion\":\"1.0.0\",\n \"root\": {}}", "config.json, line 2, column 10: root has no \"path\", which is required")]
    [InlineData("{\"process\":{}}", "config.json, line 1, column 12: process has no \"cwd\", which is required")]
    [InlineData("{\"mounts\":[{\"destination\":\"/a\"},{}]}", "config.json, line 1, column 33: mounts[1] has no \"destination\", which is required")]
    [InlineData("{\"linux\":{\"uidMappings\":[{\"containerID\":0,\"size\":1}]}}", "config.json, line 1, column 26: linux.uidMappings[0] has no \"hostID\", which is required")]
    [InlineData("{\"linux\":{\"seccomp\":{\"syscalls\":[{\"names\":[],\"action\":\"a\"}]}}}", "config.json, line 1, column 21: linux.seccomp has no \"defaultAction\", which is required")]
    [InlineData("{\"hostname\":\"a\",\n\"hostname\":\"b\"}", "config.json, line 2, column 1: hostname is given twice: remove one of the two")]
    [InlineData("{\"hostname\":\"a\",\"hostName\":\"b\"}", "config.json, line 1, column 17: hostName is given twice: remove one of the two")]
    [InlineData("{\"annotations\":{\"a\":\"1\",\"b\":\"2\",\"a\":\"1\"}}", "config.json, line 1, column 33: annotations.a is given twice: remove one of the two")]
    [InlineData("{\"linux\":{\"timeOffsets\":{\"boottime\":{},\"boottime\":{}}}}", "config.json, line 1, column 40: linux.timeOffsets.boottime is given twice: remove one of the two")]
    // JSON.
    [InlineData("", "config.json, line 1, column 1: the document is empty, but must be a JSON object")]
    [InlineData(" \n ", "config.json, line 2, column 2: the document is empty, but must be a JSON object")]
    [InlineData("{]", "config.json, line 1, column 2: the JSON of the document is malformed: ']' is not expected here")]
    [InlineData("{\"a\":1,}", "config.json, line 1, column 8: the comma before '}' is one too many: remove it")]
    [InlineData("{\"process\":{\"args\":[\"a\",\n]}}", "config.json, line 2, column 1: the comma before ']' is one too many: remove it")]
    [InlineData("{ // no\n}", "config.json, line 1, column 3: a comment is no JSON: remove it")]
    [InlineData("{\"root\": /* no */ {}}", "config.json, line 1, column 10: a comment is no JSON: remove it")]
    [InlineData("{\"root\":{\"path\":\"r\"}", "config.json, line 1, column 21: the document ends inside of root: it was cut off, or a quote or a bracket is missing")]
    [InlineData("{\"linux\":{\"sysctl\":{\"a\":\"b", "config.json, line 1, column 27: the document ends inside of linux.sysctl.a: it was cut off, or a quote or a bracket is missing")]
    [InlineData("{\"ociVersion\":\"1.0.0\"} x", "config.json, line 1, column 24: 'x' follows the document's end: remove it")]
    [InlineData("{\"ociVersion\":\"1.0.0\"}{}", "config.json, line 1, column 23: '{' follows the document's end: remove it")]
    [InlineData("{\"ä\":1,\"root\":{\"path\":tru}}", "config.json, line 1, column 26: the JSON of root.path is malformed: '}' is not expected here")]
    [InlineData("{\"root\":{\"path\":'r'}}", "config.json, line 1, column 17: the JSON of root.path is malformed: ''' is not expected here")]
    [InlineData("{\"hostname\":\"a\tb\"}", "config.json, line 1, column 15: the JSON of hostname is malformed: the character U+0009 is not expected here")]
    [InlineData("{\"hostname\":\"\\x\"}", "config.json, line 1, column 15: the JSON of hostname is malformed: 'x' is not expected here")]
    [InlineData("{\"hostname\":01}", "config.json, line 1, column 14: the JSON of hostname is malformed: '1' is not expected here")]
    // Text.
    [InlineData("{\"hostname\":\"a\\ud800\"}", "config.json, line 1, column 13: hostname is \"a\\ud800\", which is no valid Unicode: it has to be UTF-8, and \\u escapes of surrogates have to come in pairs")]
    [InlineData("{\"annotations\":{\"\\udc00\":\"\"}}", "config.json, line 1, column 17: annotations[\"\\udc00\"] is \"\\udc00\", which is no valid Unicode: it has to be UTF-8, and \\u escapes of surrogates have to come in pairs")]
    public void What_is_wrong_is_told_with_its_place(string json, string message) =>
        Assert.Equal(message, Refused(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Bytes_that_are_no_UTF8_are_refused_where_they_matter()
    {
        byte[] Document(string member) => [.. Encoding.UTF8.GetBytes($$"""{"ociVersion":"1.0.0","{{member}}":"a"""), 0xFF, .. "\"}"u8];
        Assert.Equal(
            "config.json, line 1, column 34: hostname is \"a\uFFFD\", which is no valid Unicode: it has to be UTF-8, and \\u escapes of surrogates have to come in pairs",
            Refused(Document("hostname")));
        Assert.Equal("1.0.0", SpecReader.Read(Document("unknown"), "config.json").OciVersion);
    }

    [Fact]
    public void Other_encodings_are_refused()
    {
        Assert.Equal("config.json starts with a byte order mark, which JSON must not have: save it as UTF-8 without one", Refused([0xEF, 0xBB, 0xBF, (byte)'{', (byte)'}']));
        Assert.Equal("config.json is not encoded in UTF-8, as JSON has to be: save it as UTF-8", Refused(Encoding.Unicode.GetBytes("{}")));
        Assert.Equal("config.json is not encoded in UTF-8, as JSON has to be: save it as UTF-8", Refused(Encoding.BigEndianUnicode.GetBytes("{}")));
    }

    [Fact]
    public void A_huge_document_is_refused() =>
        Assert.Equal("config.json is larger than 16 MiB, the most that is read of such a document", Refused(new byte[SpecReader.MaxSize + 1]));

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void A_deep_document_is_refused(char open, char close)
    {
        var deep = new StringBuilder("{\"x\":");
        for (var i = 0; i < 100_000; i++) deep.Append(open).Append(open == '{' ? "\"a\":" : "");
        deep.Append('0').Append(close, 100_000).Append('}');
        var message = Refused(Encoding.UTF8.GetBytes(deep.ToString()));
        Assert.Matches("^config.json, line 1, column [0-9]+: x.* is deeper than 64 levels, the most that is read$", message);
    }

    [Fact]
    public void The_deepest_that_is_read_is_read() =>
        Assert.Equal("1.0.0", SpecReader.Read(Encoding.UTF8.GetBytes($"{{\"ociVersion\":\"1.0.0\",\"x\":{new string('[', 63)}{new string(']', 63)}}}"), "c").OciVersion);

    [Fact]
    public void Long_values_are_shortened_and_control_characters_are_not_shown()
    {
        var message = Refused(Encoding.UTF8.GetBytes($$"""{"linux":"\u009b{{new string('ä', 500)}}"}"""));
        Assert.Equal($"config.json, line 1, column 10: linux is \"\\u009b{new string('ä', 54)}…\", but must be an object", message);
        Assert.DoesNotContain('\u009b', Refused(Encoding.UTF8.GetBytes("{\"linux\":\"\u009b2J\"}")));
        Assert.DoesNotContain('\u009b', Refused(Encoding.UTF8.GetBytes("{\"annotations\":{\"\u009b2J\":1}}")));
    }

    [Fact]
    public void The_other_documents_are_refused_in_the_same_way()
    {
        Assert.Equal(
            "p.json, line 1, column 10: args[0] is 1, but must be a string",
            Assert.Throws<TareException>(() => SpecReader.ReadProcess("""{"args":[1]}"""u8, "p.json")).Message);
        Assert.Equal(
            "r.json, line 1, column 20: memory.limit is \"1g\", but must be a number of bytes",
            Assert.Throws<TareException>(() => SpecReader.ReadResources("""{"memory":{"limit":"1g"}}"""u8, "r.json")).Message);
        Assert.Equal(
            "s, line 1, column 1: the document has no \"ociVersion\", which is required",
            Assert.Throws<TareException>(() => SpecReader.ReadState("{}"u8, "s")).Message);
    }

    private static string Refused(byte[] document)
    {
        var refused = Assert.Throws<TareException>(() => SpecReader.Read(document, "config.json"));
        Assert.Equal(ErrorKind.InvalidArgument, refused.Kind);
        return refused.Message;
    }
}
