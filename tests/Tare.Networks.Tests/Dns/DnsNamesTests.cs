using System.Diagnostics;
using System.Net;
using Tare.Networks.Dns.Messages;
using Tare.Networks.Dns.Names;
using Tare.Networks.Dns.Server;
using static Tare.Networks.Tests.Dns.DnsMessages;

namespace Tare.Networks.Tests.Dns;

/// <summary>Which names a sandbox sees, and what it is answered: as Docker does, where nothing else is said.</summary>
public sealed class DnsNamesTests
{
    private readonly DnsNetwork _front = new("front");
    private readonly DnsNetwork _back = new("Back.End");
    private readonly DnsResponder _responder = new();
    private readonly byte[] _buffer = new byte[65536];

    public DnsNamesTests()
    {
        _front.Set("e1", ["Web", "www", "0123456789ab", "web"], [IPAddress.Parse("10.0.0.2"), IPAddress.Parse("fd00::2")]);
        _front.Set("e2", ["api", "both", "dotted.name"], [IPAddress.Parse("10.0.0.3")]);
        _back.Set("e3", ["db", "both"], [IPAddress.Parse("10.1.0.2")]);
        _back.Set("e4", ["db2", "db"], [IPAddress.Parse("10.1.0.3")]);
    }

    private DnsView View => new() { Networks = [new DnsAttachment(_front, [("Store", "db"), ("api", "web"), ("gone", "nobody")]), new DnsAttachment(_back, [("store", "db2")])] };

    [Theory]
    [InlineData("web", "10.0.0.2")]
    [InlineData("WEB", "10.0.0.2")]
    [InlineData("www", "10.0.0.2")]
    [InlineData("0123456789ab", "10.0.0.2")]
    [InlineData("web.front", "10.0.0.2")]
    [InlineData("web.FRONT.", "10.0.0.2")]
    [InlineData("dotted.name", "10.0.0.3")]
    [InlineData("dotted.name.front", "10.0.0.3")]
    [InlineData("db2.back.end", "10.1.0.3")]
    [InlineData("both", "10.0.0.3")]
    [InlineData("both.back.end", "10.1.0.2")]
    // A link's target is searched on the link's own network, and hides a name there.
    [InlineData("store", "10.1.0.3")]
    [InlineData("api", "10.0.0.2")]
    [InlineData("store.back.end", "10.1.0.3")]
    public void Names_lead_to_addresses(string name, string address) => Assert.Equal([IPAddress.Parse(address)], Ask(name, DnsRecordType.A, out _));

    [Theory]
    [InlineData("web.back.end")]
    [InlineData("web.end")]
    [InlineData("db.front")]
    [InlineData("nobody")]
    [InlineData("gone")]
    [InlineData("front")]
    [InlineData("")]
    [InlineData("web.front.example")]
    public void Other_names_are_for_others(string name)
    {
        Assert.Equal(DnsOutcome.Forward, Respond(Query(name, DnsRecordType.A), View, out _));
        Assert.Equal(DnsOutcome.Forward, Respond(Query(name, DnsRecordType.Mx), View, out _));
    }

    [Theory]
    [InlineData("dotted.name.front", DnsRecordType.Aaaa)]
    [InlineData("db2", DnsRecordType.Aaaa)]
    [InlineData("db2", DnsRecordType.Mx)]
    [InlineData("db2.back.end", DnsRecordType.Mx)]
    [InlineData("db2", DnsRecordType.Txt)]
    [InlineData("db2", DnsRecordType.Srv)]
    [InlineData("db2", (DnsRecordType)65)]
    public void A_name_that_is_there_is_never_denied(string name, DnsRecordType type)
    {
        Assert.Empty(Ask(name, type, out var header));
        Assert.Equal((DnsResponseCode.NoError, false), (header.ResponseCode, header.IsTruncated));
    }

    [Fact]
    public void Other_types_of_names_with_dots_and_other_classes_are_for_others()
    {
        Assert.Equal(DnsOutcome.Forward, Respond(Query("dotted.name", DnsRecordType.Txt), View, out _));
        Assert.Equal(DnsOutcome.Forward, Respond(Query("_http._tcp.web", DnsRecordType.Srv), View, out _));
        Assert.Equal(DnsOutcome.Forward, Respond(Query("web", DnsRecordType.A, @class: 3), View, out _));
    }

    [Fact]
    public void Both_families_are_kept_apart() => Assert.Equal([IPAddress.Parse("fd00::2")], Ask("www", DnsRecordType.Aaaa, out _));

    [Theory]
    [InlineData("2.0.0.10.in-addr.arpa", "web.front")]
    [InlineData("2.0.1.10.IN-ADDR.ARPA", "db.back.end")]
    [InlineData("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.F.ip6.arpa", "web.front")]
    public void Addresses_lead_back_to_names(string reverse, string name)
    {
        Assert.Equal(DnsOutcome.Answered, Respond(Query(reverse, DnsRecordType.Ptr), View, out var answer));
        Assert.True(DnsReader.TryOpen(answer, out var reader));
        Assert.True(reader.TryReadQuestion(out _) && reader.TryReadRecord(out var record) && record.TryReadTarget(answer, out var target) && target == name);
    }

    [Theory]
    [InlineData("9.0.0.10.in-addr.arpa")]
    [InlineData("02.0.0.10.in-addr.arpa")]
    [InlineData("0.0.10.in-addr.arpa")]
    [InlineData("1.2.0.0.10.in-addr.arpa")]
    [InlineData("256.0.0.10.in-addr.arpa")]
    [InlineData("in-addr.arpa")]
    [InlineData("0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.g.ip6.arpa")]
    [InlineData("2.0.d.f.ip6.arpa")]
    [InlineData("web")]
    public void Other_addresses_are_for_others(string reverse) =>
        Assert.Equal(DnsOutcome.Forward, Respond(Query(reverse, DnsRecordType.Ptr), View, out _));

    [Fact]
    public void A_name_of_several_leads_to_each_first()
    {
        var first = new Dictionary<IPAddress, int>();
        for (var i = 0; i < 400; i++)
        {
            var addresses = Ask("db", DnsRecordType.A, out _);
            Assert.Equal(2, addresses.Distinct().Count());
            first[addresses[0]] = first.GetValueOrDefault(addresses[0]) + 1;
        }
        // Further from the middle in one of a million million runs.
        Assert.All(first.Values, count => Assert.InRange(count, 120, 280));
    }

    [Fact]
    public void Leaving_and_changing_are_seen()
    {
        var view = View;
        _back.Remove("e3");
        _back.Remove("e3");
        Assert.Equal([IPAddress.Parse("10.1.0.3")], Ask("db", DnsRecordType.A, out _, view));
        Assert.Equal(DnsOutcome.Forward, Respond(Query("2.0.1.10.in-addr.arpa", DnsRecordType.Ptr), view, out _));
        // Renamed, and one that got the address of another before that had left.
        _front.Set("e1", ["site"], [IPAddress.Parse("10.0.0.9")]);
        _front.Set("e5", ["new"], [IPAddress.Parse("10.0.0.3")]);
        _front.Remove("e2");
        Assert.Equal(DnsOutcome.Forward, Respond(Query("www", DnsRecordType.A), view, out _));
        Assert.Equal([IPAddress.Parse("10.0.0.9")], Ask("site", DnsRecordType.A, out _, view));
        Assert.Equal([IPAddress.Parse("10.0.0.3")], Ask("new", DnsRecordType.A, out _, view));
        Assert.Equal(DnsOutcome.Answered, Respond(Query("3.0.0.10.in-addr.arpa", DnsRecordType.Ptr), view, out _));
    }

    [Fact]
    public void Who_is_awaited_is_found_where_nobody_live_is()
    {
        var view = View;
        _front.Set("a1", ["soon", "db"], [IPAddress.Parse("10.0.0.20"), IPAddress.Parse("fd00::20")], Liveness.Awaited);
        _front.Set("a2", ["soon2", "soon"], [IPAddress.Parse("10.0.0.21")], Liveness.Awaited);
        _back.Set("a3", ["nobody"], [IPAddress.Parse("10.1.0.20")], Liveness.Awaited);
        Assert.Equal(["10.0.0.20", "10.0.0.21"], Ask("soon", DnsRecordType.A, out _, view).Select(address => address.ToString()).Order());
        Assert.Equal([IPAddress.Parse("fd00::20")], Ask("soon", DnsRecordType.Aaaa, out _, view));
        // A live one on whichever network, and a link of the container's own, come first; the target of a link may be awaited too.
        Assert.Equal(["10.1.0.2", "10.1.0.3"], Ask("db", DnsRecordType.A, out _, view).Select(address => address.ToString()).Order());
        Assert.Equal(DnsOutcome.Forward, Respond(Query("gone", DnsRecordType.A), view, out _));
        _front.Set("a4", ["nobody"], [IPAddress.Parse("10.0.0.22")], Liveness.Awaited);
        Assert.Equal([IPAddress.Parse("10.0.0.22")], Ask("gone", DnsRecordType.A, out _, view));
        Assert.Equal(DnsOutcome.Forward, Respond(Query("20.0.0.10.in-addr.arpa", DnsRecordType.Ptr), view, out _));
        // It comes, under the same id; another gets the address of one that is only awaited.
        _front.Set("a1", ["soon", "db"], [IPAddress.Parse("10.0.0.20")]);
        Assert.Equal([IPAddress.Parse("10.0.0.20")], Ask("soon", DnsRecordType.A, out _, view));
        Assert.Equal(DnsOutcome.Answered, Respond(Query("20.0.0.10.in-addr.arpa", DnsRecordType.Ptr), view, out _));
        _front.Set("e6", ["faster"], [IPAddress.Parse("10.0.0.21")]);
        Assert.Equal(DnsOutcome.Forward, Respond(Query("soon2", DnsRecordType.A), view, out _));
        // Nor is it found under another name later.
        _front.Set("a2", ["renamed"], [IPAddress.Parse("10.0.0.21")], Liveness.Awaited);
        Assert.Equal(DnsOutcome.Forward, Respond(Query("renamed", DnsRecordType.A), view, out _));
        _front.Remove("a1");
        _front.Remove("a2");
        Assert.Equal(DnsOutcome.Forward, Respond(Query("soon", DnsRecordType.A), view, out _));
        Assert.Equal([IPAddress.Parse("10.0.0.21")], Ask("faster", DnsRecordType.A, out _, view));
    }

    [Fact]
    public void Bare_names_stay_here_when_the_client_searches_on()
    {
        var view = View with { KeepsBareNames = true };
        Assert.Empty(Ask("nobody", DnsRecordType.A, out var header, view));
        Assert.Equal(DnsResponseCode.NoError, header.ResponseCode);
        Assert.Equal(DnsOutcome.Forward, Respond(Query("nobody.example", DnsRecordType.A), view, out _));
        Assert.Equal(DnsOutcome.Forward, Respond(Query("nobody", DnsRecordType.Txt), view, out _));
    }

    [Fact]
    public void Long_answers_are_cut_for_datagrams_alone()
    {
        for (var i = 0; i < 1000; i++) _front.Set($"s{i}", ["many"], [new IPAddress([10, 2, (byte)(i / 256), (byte)i])]);
        Assert.InRange(Ask("many", DnsRecordType.A, out var header).Length, 28, 31);
        Assert.True(header.IsTruncated);
        Respond(Query("many", DnsRecordType.A, udpSize: 60000), View, out var wide);
        Assert.InRange(wide.Length, 4080, 4096);
        Assert.Equal(DnsOutcome.Answered, Respond(Query("many", DnsRecordType.A), View, out var whole, stream: true));
        Assert.Equal(1000, AddressesIn(whole).Distinct().Count());
        Assert.False(HeaderOf(whole).IsTruncated);
    }

    [Theory]
    [InlineData(2 << 11, 0, DnsResponseCode.NotImplemented)]
    [InlineData(0, 1, DnsResponseCode.FormatError)]
    public void What_cannot_be_answered_is_said_so(int flags, int cut, DnsResponseCode code)
    {
        var message = Query("web", DnsRecordType.A, flags: (ushort)flags);
        Assert.Equal(DnsOutcome.Answered, Respond(message[..^cut], View, out var answer));
        Assert.Equal((code, 0x1234, 0), (HeaderOf(answer).ResponseCode, HeaderOf(answer).Id, HeaderOf(answer).Questions));
    }

    [Fact]
    public void The_question_comes_back_as_it_was_asked()
    {
        var message = Query("wEb.FronT", DnsRecordType.A, flags: DnsHeader.RecursionDesired | DnsHeader.CheckingDisabled);
        Respond(message, View, out var answer);
        Assert.Equal(message[12..], answer[12..message.Length]);
        Assert.Equal(0x8190, HeaderOf(answer).Flags);
    }

    [Fact]
    public void Joining_costs_little_among_a_thousand()
    {
        for (var i = 0; i < 1000; i++) Join(i);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 1000; i++)
        {
            _front.Remove($"c{i}");
            Join(i);
        }
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 1000;
        Console.WriteLine($"leaving and joining among 1,000 containers: {watch.Elapsed.TotalMicroseconds / 1000:F1} µs, {each} bytes");
        // A copy of all names would be more than 100,000.
        Assert.InRange(each, 1, 30_000);

        void Join(int i) => _front.Set($"c{i}", [$"name{i}", $"alias{i}", $"{i:x12}"], [new IPAddress([10, 3, (byte)(i / 256), (byte)i])]);
    }

    private IPAddress[] Ask(string name, DnsRecordType type, out DnsHeader header, DnsView? view = null)
    {
        Assert.Equal(DnsOutcome.Answered, Respond(Query(name, type), view ?? View, out var answer));
        header = HeaderOf(answer);
        return AddressesIn(answer);
    }

    private DnsOutcome Respond(byte[] message, DnsView view, out byte[] answer, bool stream = false)
    {
        var outcome = _responder.Respond(message, view, stream, _buffer, out _, out var size);
        answer = _buffer[..size];
        return outcome;
    }
}
