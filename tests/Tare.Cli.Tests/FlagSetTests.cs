using FsCheck;
using FsCheck.Fluent;
using Tare.Cli.Flags;

namespace Tare.Cli.Tests;

public sealed class FlagSetTests
{
    private readonly FlagSet _flags = new();
    private readonly SwitchFlag _a;
    private readonly SwitchFlag _b;
    private readonly TextFlag _name;
    private readonly ListFlag _env;
    private readonly NumberFlag _number;

    public FlagSetTests()
    {
        _a = _flags.Switch("all", "", 'a');
        _b = _flags.Switch("bare", "", 'b');
        _name = _flags.Text("name", "", 'n');
        _env = _flags.List("env", "", 'e');
        _number = _flags.Number("number", "", 'N');
    }

    [Theory]
    [InlineData("--name x y", "x", "y")]
    [InlineData("--name=x y", "x", "y")]
    [InlineData("-n x y", "x", "y")]
    [InlineData("-nx y", "x", "y")]
    [InlineData("-n=x y", "x", "y")]
    [InlineData("-abn x y", "x", "y")]
    [InlineData("-abnx y", "x", "y")]
    [InlineData("-abn=x y", "x", "y")]
    [InlineData("y --name x", "x", "y")]
    [InlineData("--name x -- --name", "x", "--name")]
    [InlineData("--name -x y", "-x", "y")]
    [InlineData("--name= y", "", "y")]
    [InlineData("- --name x", "x", "-")]
    public void Values_are_found(string line, string name, string argument)
    {
        Assert.Equal([argument], Parse(line));
        Assert.Equal(name, _name.Value);
        Assert.True(_name.Given);
    }

    [Theory]
    [InlineData("-name x y", "x", "y")]
    [InlineData("-name=x y", "x", "y")]
    [InlineData("-n x y", "x", "y")]
    [InlineData("-nx y", "x", "y")]
    [InlineData("--name x y", "x", "y")]
    public void One_dash_may_stand_before_a_name_where_that_is_wanted(string line, string name, string argument)
    {
        FlagSet flags = new() { LongByOneDash = true };
        TextFlag flag = flags.Text("name", "", 'n');
        Assert.Equal([argument], flags.Parse(line.Split(' '), _ => { }));
        Assert.Equal(name, flag.Value);
    }

    [Fact]
    public void Clusters_set_switches_and_lists_gather()
    {
        Assert.Empty(Parse("-ab -e A=1 --env=B=2 -eC"));
        Assert.True(_a.Value && _b.Value);
        Assert.Equal(["A=1", "B=2", "C"], _env.Values);
    }

    [Fact]
    public void A_switch_takes_a_value_only_behind_an_equals_sign()
    {
        Assert.Equal(["false"], Parse("--all=false -b false"));
        Assert.False(_a.Value);
        Assert.True(_b.Value);
    }

    [Fact]
    public void Options_behind_the_first_argument_are_its_own_when_not_interspersed()
    {
        _flags.Interspersed = false;
        Assert.Equal(["image", "-a", "--name", "x", "--", "y"], Parse("-b image -a --name x -- y"));
        Assert.False(_a.Value);
    }

    [Theory]
    [InlineData("--foo", "unknown flag: --foo")]
    [InlineData("--foo=bar", "unknown flag: --foo")]
    [InlineData("-aZ", "unknown shorthand flag: 'Z' in -Z")]
    [InlineData("--name", "flag needs an argument: --name")]
    [InlineData("-an", "flag needs an argument: 'n' in -n")]
    [InlineData("---x", "bad flag syntax: ---x")]
    [InlineData("--=x", "bad flag syntax: --=x")]
    [InlineData("--all=x", "invalid argument \"x\" for \"-a, --all\" flag: strconv.ParseBool: parsing \"x\": invalid syntax")]
    [InlineData("-N x", "invalid argument \"x\" for \"-N, --number\" flag: strconv.ParseInt: parsing \"x\": invalid syntax")]
    [InlineData("-N 99999999999999999999", "invalid argument \"99999999999999999999\" for \"-N, --number\" flag: strconv.ParseInt: parsing \"99999999999999999999\": value out of range")]
    public void Mistakes_are_told_as_pflag_does(string line, string message) => Assert.Equal(message, Assert.Throws<FlagException>(() => Parse(line)).Message);

    [Theory]
    [InlineData("0x10", 16)]
    [InlineData("010", 8)]
    [InlineData("-1", -1)]
    [InlineData("1_000", 0)]
    [InlineData("0b11", 3)]
    public void Numbers_are_read_as_Go_reads_them(string text, long value)
    {
        // Underscores are allowed only behind a prefix.
        if (text.Contains('_', StringComparison.Ordinal)) Assert.Throws<FlagException>(() => Parse("--number=" + text));
        else Assert.Empty(Parse("--number=" + text));
        Assert.Equal(value, _number.Value);
    }

    [Fact]
    public void Help_is_asked_for() => Assert.Throws<HelpRequestedException>(() => Parse("--help"));

    [Fact]
    public void No_command_line_breaks_the_parser()
        => Prop.ForAll<string[]>(words =>
        {
            var flags = new FlagSet();
            flags.Switch("all", "", 'a');
            flags.Text("name", "", 'n');
            try
            {
                var arguments = flags.Parse(words.Where(word => word is not null).ToArray(), _ => { });
                return arguments.Count <= words.Length;
            }
            catch (Exception e) when (e is FlagException or HelpRequestedException)
            {
                return true;
            }
        }).QuickCheckThrowOnFailure();

    private List<string> Parse(string line) => _flags.Parse(line.Split(' '), _ => { });
}
