using System.Globalization;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>logs with -f, --tail, --since, --until and -t.</summary>
public sealed class LogsTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public async Task Both_streams_come_back_each_on_its_own(string client)
    {
        string name = await Ended(client, "echo one; echo two >&2; echo three; printf 'no line end'");
        Result logs = (await Run(client, "logs", name)).Ok();
        Assert.Equal("one\nthree\nno line end", logs.Out);
        Assert.Equal("two\n", logs.Err);
    }

    [Theory, ClientsWith("3", "8\n9\n10"), ClientsWith("0", ""), ClientsWith("100", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10"), ClientsWith("all", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10")]
    public async Task Tail(string client, string count, string expected)
    {
        string name = await Ended(client, "seq 10");
        Assert.Equal(expected, await Ok(client, "logs", "--tail", count, name));
        Assert.Equal(expected, await Ok(client, "logs", "-n", count, name));
    }

    [Theory, Clients]
    public async Task Timestamps_lead_each_line_and_grow(string client)
    {
        DateTimeOffset before = DateTimeOffset.UtcNow;
        string name = await Ended(client, "echo one; echo two; echo three");
        string[] lines = (await Ok(client, "logs", "-t", name)).Split('\n');
        Assert.Equal(["one", "two", "three"], lines.Select(line => line.Split(' ')[1]));
        List<DateTimeOffset> times = [];
        foreach (string line in lines)
        {
            Assert.Matches("""^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z """, line);
            times.Add(DateTimeOffset.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture));
        }
        Assert.Equal(times.Order(), times);
        Assert.InRange(times[0], before.AddSeconds(-1), DateTimeOffset.UtcNow.AddSeconds(1));
    }

    [Theory, Clients]
    public async Task Since_and_until_cut(string client)
    {
        string name = Name();
        await Ok(client, "run", "-di", "--name", name, "--network", "none", Image, "sh", "-c", "echo first; read line; echo second");
        await Eventually.EqualAsync("first", () => Ok(client, "logs", name));
        string first = (await Ok(client, "logs", "-t", name)).Split(' ')[0];
        // The clock of the log decides, so step over its reading of the first line.
        DateTimeOffset between = DateTimeOffset.Parse(first, CultureInfo.InvariantCulture).AddMilliseconds(20);
        await Eventually.TrueAsync(() => DateTimeOffset.UtcNow > between.AddMilliseconds(20), () => "time stands still");
        await RunWith(client, "\n"u8.ToArray(), "attach", name);
        string moment = between.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
        Assert.Equal("second", await Ok(client, "logs", "--since", moment, name));
        Assert.Equal("first", await Ok(client, "logs", "--until", moment, name));
        Assert.Equal("first\nsecond", await Ok(client, "logs", "--since", "10m", name));
        string unix = (between.ToUnixTimeMilliseconds() / 1000.0).ToString("F3", CultureInfo.InvariantCulture);
        Assert.Equal("second", await Ok(client, "logs", "--since", unix, name));
    }

    [Theory, Clients]
    public async Task Follow_shows_what_was_and_what_comes_and_ends_with_the_container(string client)
    {
        string name = Name();
        await Ok(client, "run", "-di", "--name", name, "--network", "none", Image, "sh", "-c", "echo old; while read line; do echo \"new $line\"; test $line != 2 || exit 0; done");
        using Running follow = Start(client, "logs", "-f", name);
        await follow.SeeAsync("old\n");
        using Running attach = Start(client, "attach", name);
        for (int i = 0; i < 3; i++)
        {
            await attach.WriteAsync($"{i}\n");
            await follow.SeeAsync($"new {i}\n");
        }
        (await attach.EndAsync()).Ok();
        Assert.Equal("old\nnew 0\nnew 1\nnew 2\n", (await follow.EndAsync()).Ok().Out);
        Assert.Equal("new 1\nnew 2", await Ok(client, "logs", "-f", "--tail", "2", name));
    }

    [Theory, Clients]
    public async Task Follow_of_only_what_comes(string client)
    {
        string name = Name();
        await Ok(client, "run", "-di", "--name", name, "--network", "none", Image, "sh", "-c", "seq 100; read line; echo \"new $line\"");
        await Eventually.EqualAsync("100", () => Ok(client, "logs", "--tail", "1", name));
        using Running follow = Start(client, "logs", "-f", "--tail", "1", name);
        await follow.SeeAsync("100\n");
        await RunWith(client, "x\n"u8.ToArray(), "attach", name);
        Assert.Equal("100\nnew x\n", (await follow.EndAsync()).Ok().Out);
    }

    [Theory, Clients]
    public async Task Many_lines_are_all_there_in_order(string client)
    {
        string name = await Ended(client, "seq 200000");
        string expected = string.Concat(Enumerable.Range(1, 200000).Select(i => $"{i}\n"));
        Result logs = (await Run(client, "logs", name)).Ok();
        Assert.True(expected == logs.Out, $"{logs.Out.Length} of {expected.Length} characters");
        Assert.Equal("199999\n200000", await Ok(client, "logs", "--tail", "2", name));
    }

    [Theory, Clients]
    public async Task A_line_of_100_KB_stays_one_line(string client)
    {
        string name = await Ended(client, "head -c 100000 /dev/zero | tr '\\0' x; echo; echo next");
        Assert.Equal(new string('x', 100000) + "\nnext\n", (await Run(client, "logs", name)).Ok().Out);
        Assert.Equal("next", await Ok(client, "logs", "--tail", "1", name));
    }

    /// <summary>Docker's own default log replaces such bytes, being JSON.</summary>
    [TareTheory, Clients]
    public async Task Bytes_that_are_no_text_come_back(string client)
    {
        string name = await Ended(client, "printf '\\001\\377\\000\\200\\n'");
        Assert.Equal([1, 255, 0, 128, 10], (await Run(client, "logs", name)).Ok().OutBytes);
    }

    [Theory, Clients]
    public async Task A_container_that_never_ran_has_none(string client)
    {
        string name = Name();
        await Ok(client, "create", "--name", name, "--network", "none", Image);
        Assert.Equal("", await Ok(client, "logs", name));
    }

    [Theory, Clients]
    public async Task A_number_that_is_none_is_refused_or_everything(string client)
    {
        string name = await Ended(client, "echo line");
        Result since = await Run(client, "logs", "--since", "whenever", name);
        Assert.NotEqual(0, since.Code);
        Assert.NotEqual("", since.Err);
    }

    private async Task<string> Ended(string client, string script)
    {
        string name = Name();
        await Ok(client, "run", "-d", "--name", name, "--network", "none", Image, "sh", "-c", script);
        await Ok(client, "wait", name);
        return name;
    }
}
