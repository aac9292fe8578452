"""What 7zz reads: 7z, RAR and the rare kinds; its listing, its runs, and what it cannot do."""
