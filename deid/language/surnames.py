"""How Swedish surnames are made: of two words of nature, or of a father's name."""

from re import compile as compile_pattern

# Surnames are made of two such parts, more of them than any list has
SURNAME = compile_pattern(
    "(?:ahl|al|alm|ask|asp|berg|björk|bjork|blom|bo|boh?|bro|brand|broms|byl|bäck|back|ceder|dahl|"
    "ed|ek|elf|eng|fager|flod|fors|fred|frid|frost|fågel|gran|gren|grund|gråd?|grön|gron|gull|gust|"
    "gyllen|hag|hall|hammar|hed|hell|hjort|hof|holm|hult|hägg|hög|hog|jern|järn|jarn|käll|kall|kjell|klint|"
    "kling|kron|kvarn|lager|land|lej|lid|lilje|lind?|ling|ljung|lund|löf|löv|lof|lov|lönn|lonn|malm|mark|mo|"
    "mån|mörk|nord|nor|ny|näs|nas|ol|palm|quist|ram|ring|ros|rosen|ryd|rön|ronn|sahl|sand|seger|silfver|"
    "silver|sjö|sjo|skog|sköld|skold|smed|sol|stål|stal|sten|stjern|strand|ström|strom|sund|svan|svart|sved|"
    "söder|soder|sör|tall|thor|torn|träd|törn|torn|ugg|ull|vall|wall|vik|wik|vinter|vester|väster|wester|vret|"
    "zetter|zander|åker|aker|å|äng|ang|ö|öst|ost|öster|oster)"
    "(?:bäck|back|backa|berg|bergh?|blad|blom|bo|bom|borg|brandt?|bring|by|dahl|dal|ek|ell|en|eus|fors|gren|"
    "green|gård|gard|hag|hage|hammar|holm|hult|hed|kvist|qvist|quist|land|lid|lind|ling|lund|lundh?|löf|lof|"
    "löv|lov|man|mann|mark|mo|nert|näs|quist|rot|roth|ros|rup|sjö|sjo|skog|sköld|skold|stam|stedt|sten|"
    "stierna|stjärna|stolpe|strand|ström|strom|strøm|stad|sund|svärd|torp|träd|vall|wall|vik|wik|vist|ås)"
    "|[^\\W\\d_]{2,}(?:sson|sdotter|sdottir|ovic|ović|evic|ević|inen|owski|owska|kowicz|poulos|oglu|oğlu)"
)
